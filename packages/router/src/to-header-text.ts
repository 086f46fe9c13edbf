/** A name as a header field or a line of a stream can have it: what is no printable ASCII is percent-encoded. */
export function toHeaderText(name: string): string {
  return /^[ -~]*$/.test(name) ? name : encodeURI(name.toWellFormed())
}
