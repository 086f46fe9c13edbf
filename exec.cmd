@rem The root scripts say `exec` so that a POSIX shell hands its place, and with it every signal, to bootstrap.mjs.
@rem Windows has no such word; npm runs scripts in this folder and finds this file instead.
@%*
