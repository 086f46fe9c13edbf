import { splitList } from './list-setting.ts'

/** One or several audiences with commas between them. */
export function isAudienceList(text: string): boolean {
  const audiences = splitList(text)
  return audiences.length > 0 && audiences.every((audience) => /^[!-~]{1,300}$/.test(audience))
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
