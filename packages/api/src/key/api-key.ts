import { hash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Brand } from '@core/foundation'

/** A key as its holder sends it. Never logged, never stored. */
export type ApiKeySecret = Brand<string, 'ApiKeySecret'>

/** `test` marks keys of development and CI for people and scanners. It allows the same as `live`. */
export type ApiKeyMode = 'live' | 'test'

export interface NewApiKey {
  readonly secret: ApiKeySecret
  /** SHA-256 as 64 hexadecimal digits: what the database stores and looks up. */
  readonly hash: string
  /** The first characters, by which people recognise keys. */
  readonly hint: string
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const randomLength = 43 // digits of base 62 that 32 bytes need: ceil(256 / log2(62))
const checkLength = 6 // digits of base 62 that 32 bits need
const form = /^ck_(?:live|test)_[0-9A-Za-z]{49}$/

/** Makes a key: `ck_live_`, 32 random bytes in base 62, and a CRC-32 that distinguishes a typo from a revoked key. */
export function generateApiKey(
  mode: ApiKeyMode = 'live',
  random: (size: number) => Uint8Array = randomBytes,
): NewApiKey {
  const number = random(32).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  const head = `ck_${mode}_${toBase62(number, randomLength)}`
  const secret = `${head}${check(head)}` as ApiKeySecret
  return { secret, hash: hashApiKey(secret), hint: secret.slice(0, 12) }
}

/** Whether the text can be a key at all: form and checksum. Junk is refused by this, without a query. */
export function isApiKey(text: string): text is ApiKeySecret {
  return form.test(text) && check(text.slice(0, -checkLength)) === text.slice(-checkLength)
}

/**
 * SHA-256 of the whole key as hexadecimal. A plain hash is enough: the input has 256 random bits, so there is nothing
 * to guess; and it is a third cheaper per request than a keyed one.
 */
export function hashApiKey(secret: string): string {
  return hash('sha256', secret)
}

function check(head: string): string {
  return toBase62(BigInt(crc32(head)), checkLength)
}

function toBase62(value: bigint, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest /= 62n) text = digits.charAt(Number(rest % 62n)) + text
  return text
}
