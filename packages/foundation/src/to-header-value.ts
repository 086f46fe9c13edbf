import { CoreError } from './errors.ts'

/**
 * A text that a header field carries as it is: printable ASCII, and no blank at its ends, which are trimmed on the way.
 * `what` names it for people. @throws CoreError E_INVALID, without the text: it may be a key.
 */
export function toHeaderValue(what: string, text: string): string {
  if (/^[!-~]([ -~]*[!-~])?$/.test(text)) return text
  throw new CoreError('E_INVALID', `${what} is empty or holds characters that no header can carry`, {
    fix: 'Give it in printable ASCII, without blanks and line breaks at its ends.',
  })
}
