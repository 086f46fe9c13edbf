/**
 * Whether the user or the password of a URL has a character that must be percent-encoded: with a raw `/`, `?` or `#` the
 * host would begin too early and a part of the password be read, and printed, as a host; a raw `%` cannot be decoded.
 */
export function needsPercentEncoding(url: string): boolean {
  const [, authority = '', rest = ''] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)(.*)$/is.exec(url) ?? []
  if (rest.includes('@')) return true
  const at = authority.lastIndexOf('@')
  return at >= 0 && !isDecodable(authority.slice(0, at))
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
