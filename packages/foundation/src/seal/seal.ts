import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { CoreError } from '../errors.ts'

/** Where a sealed text belongs: project, name and version. Sealed for one place it does not open at another. */
export type SealPlace = readonly (string | null)[]

/** Seals texts so that reading the place where they are kept shows nothing, and a changed or moved one does not open. */
export interface Sealer {
  /** Of the key that seals: eight hexadecimal digits, made from the key by a hash. */
  readonly keyId: string
  /** @throws CoreError E_INVALID for half of a surrogate pair, which UTF-8 cannot keep. */
  seal(place: SealPlace, text: string): string
  /** @throws CoreError E_CONFLICT (reason unreadable_secret): no key opens it, or it was changed or moved. */
  open(place: SealPlace, sealed: string): string
}

const algorithm = 'aes-256-gcm'
const prefix = 'core1'
const nonceBytes = 12
const tagBytes = 16

/**
 * AES-256-GCM with a random nonce; the place is authenticated and not kept. A sealed text is `core1.<key id>.<base64url of
 * nonce, ciphertext and tag>`. The first key seals, all of them open. A key is 32 bytes in base64 or base64url.
 */
export function createSealer([first, ...rest]: readonly [string, ...string[]]): Sealer {
  const sealing = toKey(first)
  const keys = new Map([...rest.map(toKey), sealing].map((key) => [key.id, key.bytes]))
  return {
    keyId: sealing.id,
    seal(place, text) {
      if (!text.isWellFormed()) {
        throw new CoreError('E_INVALID', 'a secret must not have half of a surrogate pair', {
          details: { reason: 'unstorable' },
        })
      }
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv(algorithm, sealing.bytes, nonce, { authTagLength: tagBytes }).setAAD(toData(place))
      const box = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${prefix}.${sealing.id}.${box.toString('base64url')}`
    },
    open(place, sealed) {
      const [version, id = '', body = '', more] = sealed.split('.')
      const box = Buffer.from(body, 'base64url')
      if (version !== prefix || more !== undefined || box.length < nonceBytes + tagBytes)
        throw unreadable('it is not a sealed text')
      const key = keys.get(id)
      if (key === undefined) throw unreadable(`no key of CORE_SECRETS_KEY has the id ${id.slice(0, 8)}`)
      const decipher = createDecipheriv(algorithm, key, box.subarray(0, nonceBytes), { authTagLength: tagBytes })
      decipher.setAAD(toData(place)).setAuthTag(box.subarray(-tagBytes))
      try {
        return Buffer.concat([decipher.update(box.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString('utf8')
      } catch {
        throw unreadable('it was changed, or sealed for another place')
      }
    },
  }
}

/** The id of the key that sealed a text. */
export function sealedBy(sealed: string): string | undefined {
  return sealed.split('.')[1]
}

function toKey(text: string): { readonly id: string; readonly bytes: Buffer } {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== 32) {
    throw new CoreError('E_CONFIG_INVALID', 'a key of CORE_SECRETS_KEY must be 32 bytes in base64', {
      fix: 'Generate one with openssl rand -base64 32.',
    })
  }
  const id = createHash('sha256').update('core seal key id\n').update(bytes).digest('hex').slice(0, 8)
  return { id, bytes }
}

function toData(place: SealPlace): Buffer {
  return Buffer.from(JSON.stringify(place))
}

function unreadable(finding: string): CoreError {
  return new CoreError('E_CONFLICT', `the secret cannot be opened: ${finding}`, {
    fix: 'Give this process the key that sealed it in CORE_SECRETS_KEY, or set the secret again.',
    details: { reason: 'unreadable_secret' },
  })
}
