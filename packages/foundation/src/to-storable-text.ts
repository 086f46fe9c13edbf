/**
 * Text that Postgres keeps, of one that comes from no caller, such as the message of a failure: without NUL characters, at
 * most so long, and with no half of a surrogate pair, also not at the cut. What a caller sends is refused instead.
 */
export function toStorableText(text: string, maxLength: number): string {
  return text.replaceAll('\0', '').slice(0, maxLength).toWellFormed()
}
