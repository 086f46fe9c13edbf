/** A word as bash and zsh read it back. */
export function quotePosix(text: string): string {
  return isPlain(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** A word as fish reads it back: in its quotes a backslash escapes itself and the quote. */
export function quoteFish(text: string): string {
  return isPlain(text) ? text : `'${text.replaceAll(/[\\']/g, '\\$&')}'`
}

const isPlain = (text: string) => /^[\w-][\w.:-]*$/.test(text)
