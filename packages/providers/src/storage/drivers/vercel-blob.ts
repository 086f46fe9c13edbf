import type { Secret } from '@core/config'
import { CoreError, fetchDirectly } from '@core/foundation'
import { loadVercelBlob } from '../../load-library.ts'
import type { StorageDriver } from '../driver.ts'
import type { StoredFile } from '../storage.ts'
import { fileExists, rangeUnsatisfiable, storeFailed } from '../storage-error.ts'
import { bareTag } from './headers.ts'

export interface VercelBlobSettings {
  /** The read-write token of the store. */
  readonly token: Secret
  readonly fetch?: typeof globalThis.fetch | undefined
}

const name = 'vercel-blob'
const access = 'private' as const

/** A private store of Vercel Blob. Its API is where `VERCEL_BLOB_API_URL` says, which its package reads. */
export async function openVercelBlobDriver({
  token,
  fetch = globalThis.fetch,
}: VercelBlobSettings): Promise<StorageDriver> {
  const blob = await loadVercelBlob()
  const begin = (abortSignal: AbortSignal) => ({ token: token.reveal(), abortSignal })
  const toPut = ({ contentType, ifAbsent }: { readonly contentType: string; readonly ifAbsent: boolean }) => ({
    access,
    contentType,
    addRandomSuffix: false,
    allowOverwrite: !ifAbsent,
  })

  /** Its errors have no status. */
  function failure(error: unknown): CoreError {
    if (error instanceof CoreError) return error
    if (error instanceof blob.BlobAccessError) return storeFailed(name, 403)
    if (error instanceof blob.BlobServiceRateLimited) return storeFailed(name, 429)
    if (error instanceof blob.BlobServiceNotAvailable) return storeFailed(name, 503)
    return storeFailed(name, error instanceof Error && error.name !== 'TypeError' ? 400 : undefined)
  }

  async function find(key: string, signal: AbortSignal) {
    try {
      return await blob.head(key, begin(signal))
    } catch (error) {
      if (error instanceof blob.BlobNotFoundError) return null
      throw failure(error)
    }
  }

  async function run<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work()
    } catch (error) {
      throw failure(error)
    }
  }

  return {
    name,
    async put(key, bytes, options, signal) {
      try {
        const { etag } = await blob.put(key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
          ...toPut(options),
          ...begin(signal),
        })
        return { etag: bareTag(etag) }
      } catch (error) {
        throw isConflict(error) ? fileExists(key) : failure(error)
      }
    },
    async openParts(key, options, signal) {
      if (options.ifAbsent && (await find(key, signal)) !== null) throw fileExists(key)
      const upload = await run(() => blob.createMultipartUpload(key, { ...toPut(options), ...begin(signal) }))
      const parts: { etag: string; partNumber: number }[] = []
      return {
        async write(partNumber, bytes, partSignal) {
          const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
          const part = { ...toPut(options), ...begin(partSignal), ...upload, partNumber }
          parts.push(await run(() => blob.uploadPart(key, body, part)))
        },
        async complete(_sha256, lastSignal) {
          const inOrder = parts.toSorted((left, right) => left.partNumber - right.partNumber)
          try {
            const done = { ...toPut(options), ...begin(lastSignal), ...upload }
            const { etag } = await blob.completeMultipartUpload(key, inOrder, done)
            return { etag: bareTag(etag) }
          } catch (error) {
            throw isConflict(error) ? fileExists(key) : failure(error)
          }
        },
        abort: async () => {}, // it has no way to; parts that are never completed are not stored
      }
    },
    async get(key, range, signal) {
      const found = await find(key, signal)
      if (found === null) return null
      const { size, contentType, etag } = found
      if (range !== undefined && range.start >= size) throw rangeUnsatisfiable(size)
      const end = Math.min(range?.end ?? size - 1, size - 1)
      const file = { size, contentType, etag: bareTag(etag), range: { start: range?.start ?? 0, end } }
      if (size === 0) return { ...file, stream: new Blob([]).stream() }
      const response = await fetchDirectly(fetch, found.url, {
        headers: {
          authorization: `Bearer ${token.reveal()}`,
          ...(range === undefined ? {} : { range: `bytes=${range.start}-${end}` }),
        },
        signal,
      })
      if (response.status === 404) return null // deleted meanwhile
      if (response.status !== (range === undefined ? 200 : 206) || response.body === null) {
        await response.body?.cancel()
        throw storeFailed(name, response.status)
      }
      return { ...file, stream: response.body }
    },
    async head(key, signal) {
      const found = await find(key, signal)
      return found === null ? null : toFile(found)
    },
    delete: async (key, signal) => await run(() => blob.del(key, begin(signal))),
    async copy(from, to, signal) {
      const found = await find(from, signal)
      if (found === null) return false
      const options = { ...toPut({ contentType: found.contentType, ifAbsent: false }), ...begin(signal) }
      await run(() => blob.copy(found.url, to, options))
      return true
    },
    async list(prefix, cursor, limit, signal) {
      const page = { prefix, limit, ...(cursor === undefined ? {} : { cursor }), ...begin(signal) }
      const { blobs, cursor: next, hasMore } = await run(() => blob.list(page))
      const files = blobs.map((blob) => toFile({ ...blob, contentType: 'application/octet-stream' }))
      return { files, next: hasMore ? next : undefined }
    },
    async sign(key, { method, expiresSeconds, contentType, maxBytes }, signal) {
      const validUntil = Date.now() + expiresSeconds * 1000
      const operation = method === 'GET' ? ('get' as const) : ('put' as const)
      const limits = {
        ...(method === 'PUT' && maxBytes !== undefined ? { maximumSizeInBytes: maxBytes } : {}),
        ...(method === 'PUT' && contentType !== undefined ? { allowedContentTypes: [contentType] } : {}),
      }
      const { presignedUrl } = await run(async () => {
        const signed = await blob.issueSignedToken({
          pathname: key,
          operations: [operation],
          validUntil,
          ...limits,
          ...begin(signal),
        })
        const to = { pathname: key, validUntil, access }
        return operation === 'get'
          ? await blob.presignUrl(signed, { ...to, operation })
          : await blob.presignUrl(signed, { ...to, ...limits, operation, allowOverwrite: false })
      })
      const headers = method === 'PUT' && contentType !== undefined ? { 'content-type': contentType } : {}
      return { url: presignedUrl, method, headers, expiresAt: new Date(validUntil) }
    },
  }
}

function toFile(blob: {
  readonly pathname: string
  readonly size: number
  readonly etag: string
  readonly contentType: string
  readonly uploadedAt: Date
}): StoredFile {
  const { pathname: key, size, contentType, uploadedAt: modifiedAt } = blob
  return { key, size, etag: bareTag(blob.etag), contentType, modifiedAt }
}

/** It has no class and no code for this, only a sentence. */
function isConflict(error: unknown): boolean {
  return error instanceof Error && /already exists/i.test(error.message)
}
