import { hash } from 'node:crypto'

/** Beyond so many bytes of UTF-8 a key is kept under its hash. */
const maxKeyBytes = 512
/** A UTF-16 unit takes three bytes at most: shorter keys need no counting. */
const surelyShort = Math.floor(maxKeyBytes / 3)
const hashed = 'sha256:'
const hashedLength = hashed.length + 64

/**
 * The name under which the tiers keep a key: itself up to 512 bytes, else `sha256:` and its SHA-256 in hexadecimal. A short
 * key that looks like such a name is hashed as well, so that no two keys have one name.
 */
export function toStoredKey(key: string): string {
  const isPlain = typeof key !== 'string' || (key.length <= surelyShort && key.length !== hashedLength)
  return isPlain ? key : measured(key)
}

function measured(key: string): string {
  const isName = key.length === hashedLength && key.startsWith(hashed)
  if (!isName && Buffer.byteLength(key) <= maxKeyBytes) return key
  return hashed + hash('sha256', key, 'hex')
}
