/**
 * Whether a URL has an `@` behind its host: a password with `/`, `?` or `#` that is not percent-encoded ends the host
 * too early, so that a part of the password would be read, and printed, as a host.
 */
export function hasStrayAt(url: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*[/?#].*@/is.test(url)
}
