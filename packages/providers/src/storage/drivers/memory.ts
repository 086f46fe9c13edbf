import { createHash } from 'node:crypto'
import { CoreError } from '@core/foundation'
import type { StorageDriver } from '../driver.ts'
import type { StoredFile } from '../storage.ts'
import { fileExists, rangeUnsatisfiable } from '../storage-error.ts'
import { compareKeys } from '../storage-key.ts'
import type { UrlSigner } from '../url-token.ts'

export interface MemorySettings {
  /** The most bytes of all files together. Default: 256 MiB. */
  readonly maxBytes?: number
  /** Makes the URLs that the control plane serves. Without it there are none. */
  readonly signer?: UrlSigner | undefined
}

interface Kept extends StoredFile {
  readonly bytes: Uint8Array
}

/** Files of this process, gone with it: for tests and demos. */
export function createMemoryDriver({ maxBytes = 256 * 1024 * 1024, signer }: MemorySettings = {}): StorageDriver {
  const files = new Map<string, Kept>()
  let used = 0

  function keep(key: string, bytes: Uint8Array, contentType: string, ifAbsent: boolean): string {
    const known = files.get(key)
    if (known !== undefined && ifAbsent) throw fileExists(key)
    if (used - (known?.size ?? 0) + bytes.byteLength > maxBytes) {
      throw new CoreError('E_TOO_LARGE', `the store memory is full: it keeps ${maxBytes} bytes`, {
        fix: 'Use another store: CORE_STORAGE_PROVIDER=disk.',
      })
    }
    used += bytes.byteLength - (known?.size ?? 0)
    const etag = createHash('sha256').update(bytes).digest('hex')
    files.set(key, { key, bytes, size: bytes.byteLength, etag, contentType, modifiedAt: new Date() })
    return etag
  }

  return {
    name: 'memory',
    put: async (key, bytes, { contentType, ifAbsent }) => ({
      etag: keep(key, Uint8Array.from(bytes), contentType, ifAbsent),
    }),
    async openParts(key, { contentType, ifAbsent }) {
      const parts = new Map<number, Uint8Array>()
      return {
        write: async (number, bytes) => void parts.set(number, Uint8Array.from(bytes)),
        async complete() {
          const inOrder = [...parts].sort(([left], [right]) => left - right).map(([, bytes]) => bytes)
          return { etag: keep(key, Buffer.concat(inOrder), contentType, ifAbsent) }
        },
        abort: async () => parts.clear(),
      }
    },
    async get(key, range) {
      const file = files.get(key)
      if (file === undefined) return null
      const { size, etag, contentType, bytes } = file
      if (range !== undefined && range.start >= size) throw rangeUnsatisfiable(size)
      const start = range?.start ?? 0
      const end = Math.min(range?.end ?? size - 1, size - 1)
      const stream = new Blob([Uint8Array.from(bytes.subarray(start, end + 1))]).stream()
      return { size, etag, contentType, range: { start, end }, stream }
    },
    head: async (key) => withoutBytes(files.get(key)),
    async delete(key) {
      used -= files.get(key)?.size ?? 0
      files.delete(key)
    },
    async copy(from, to) {
      const file = files.get(from)
      if (file === undefined) return false
      keep(to, file.bytes, file.contentType, false)
      return true
    },
    async list(prefix, cursor, limit) {
      const keys = [...files.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys)
      const rest = cursor === undefined ? keys : keys.filter((key) => compareKeys(key, cursor) > 0)
      const page = rest.slice(0, limit).flatMap((key) => withoutBytes(files.get(key)) ?? [])
      return { files: page, next: rest.length > limit ? page.at(-1)?.key : undefined }
    },
    sign: async (key, options) => {
      if (signer === undefined) throw noSigner('memory')
      return signer.sign('memory', key, options)
    },
  }
}

export function noSigner(store: string): CoreError {
  return new CoreError('E_INVALID', `the store ${store} has no address of its own`, {
    fix: 'Open it with signer, or use the control plane, which serves /v1/storage.',
    details: { reason: 'unsupported' },
  })
}

function withoutBytes(file: Kept | undefined): StoredFile | null {
  if (file === undefined) return null
  const { bytes, ...stored } = file
  return stored
}
