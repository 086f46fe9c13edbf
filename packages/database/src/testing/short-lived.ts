/**
 * For Node processes that have an embedded database for seconds: V8 does not optimise the 9 MB of Postgres, which takes
 * longer than such a process lives. Starting and 50 writes take 1.6 s of CPU instead of 3.3 s.
 */
export const shortLived: readonly string[] = ['--liftoff-only']
