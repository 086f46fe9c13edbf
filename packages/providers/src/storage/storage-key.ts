import { CoreError } from '@core/foundation'

export const maxKeyBytes = 1024

/** Throws E_INVALID unless it is a key by the rules of `Storage`. */
export function requireKey(key: string): void {
  const fault = key === '' ? 'is empty' : faultOf(key, key.split('/'))
  if (fault !== undefined) throw refused('key', key, fault)
}

/** The same for the beginning of keys, whose last segment may be empty or cut. */
export function requirePrefix(prefix: string): void {
  const segments = prefix.split('/')
  const fault = faultOf(prefix, segments.at(-1) === '' ? segments.slice(0, -1) : segments)
  if (fault !== undefined) throw refused('prefix', prefix, fault)
}

function faultOf(text: string, segments: readonly string[]): string | undefined {
  if (typeof text !== 'string') return 'is no text'
  if (!text.isWellFormed()) return 'has half of a surrogate pair'
  if (Buffer.byteLength(text) > maxKeyBytes) return `is longer than ${maxKeyBytes} bytes`
  if (text.normalize('NFC') !== text) return 'is not in the form NFC'
  if (/[\p{Cc}\u2028\u2029]/u.test(text)) return 'has a control character'
  if (segments.includes('')) return 'has an empty segment'
  if (segments.some((segment) => segment === '.' || segment === '..')) return 'has a segment . or ..'
  return undefined
}

function refused(what: string, text: string, fault: string): CoreError {
  return new CoreError('E_INVALID', `the ${what} ${JSON.stringify(String(text).slice(0, 100))} ${fault}`, {
    fix: `Use 1 to ${maxKeyBytes} bytes, segments with / between them, as audio/2026/call-1.wav.`,
    details: { reason: 'invalid_key' },
  })
}

/** As S3 orders keys: by their bytes in UTF-8. */
export function compareKeys(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}
