/** Whether a text can be an audience: visible ASCII, without the comma that separates audiences in the environment. */
export function isAudience(text: string): boolean {
  return /^[!-~]{1,300}$/.test(text) && !text.includes(',')
}

/**
 * Whether keys may be fetched from there: over TLS, or without it from this machine or a host without a
 * domain, as containers of one network have.
 */
export function isKeyAddress(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || /^(127(\.\d+){3}|\[::1\]|[a-z0-9_-]+)$/i.test(hostname)
}

/** Users write their own `user_metadata`: such a claim would let them choose their role. */
export function isClaimPath(path: string): boolean {
  return /^[!-~]{1,200}$/.test(path) && !/(^|\.)(raw_)?user_meta_?data(\.|$)/i.test(path)
}
