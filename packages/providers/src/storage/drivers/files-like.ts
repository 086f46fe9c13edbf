import { CoreError, isObject } from '@core/foundation'
import { attachment } from '../attachment.ts'
import type { StorageDriver } from '../driver.ts'
import { writeAsStream } from '../ordered-stream.ts'
import { fileExists, rangeUnsatisfiable, storeFailed, unsupported } from '../storage-error.ts'
import { bareTag } from './headers.ts'

interface FileLike {
  readonly key: string
  readonly size: number
  readonly type: string
  readonly etag?: string
  readonly lastModified?: number
  stream(): ReadableStream<Uint8Array>
}

interface SignalOption {
  readonly signal?: AbortSignal
}

type SignedUploadLike =
  | { readonly method: 'PUT'; readonly url: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly method: 'POST'; readonly url: string }

/** The part of a `Files` of files-sdk that is used here. */
export interface FilesLike {
  readonly capabilities: {
    readonly rangeRead: boolean
    readonly conditional: { readonly create: boolean }
    readonly signedUrl: { readonly supported: boolean }
  }
  upload(
    key: string,
    body: Uint8Array | ReadableStream<Uint8Array>,
    options: SignalOption & { contentType: string },
  ): Promise<{ readonly etag?: string }>
  upload(
    key: string,
    body: Uint8Array | ReadableStream<Uint8Array>,
    options: SignalOption & { contentType: string; condition: { type: 'create' } },
  ): Promise<{ readonly etag?: string }>
  download(
    key: string,
    options: SignalOption & { as: 'stream'; range?: { start: number; end?: number } },
  ): Promise<FileLike>
  head(key: string, options: SignalOption): Promise<FileLike>
  delete(key: string, options: SignalOption): Promise<void>
  copy(from: string, to: string, options: SignalOption): Promise<unknown>
  list(
    options: SignalOption & { prefix: string; limit: number; cursor?: string },
  ): Promise<{ readonly items: readonly FileLike[]; readonly cursor?: string }>
  url(key: string, options: SignalOption & { expiresIn: number; responseContentDisposition?: string }): Promise<string>
  signedUploadUrl(
    key: string,
    options: SignalOption & { expiresIn: number; contentType?: string; maxSize?: number },
  ): Promise<SignedUploadLike>
}

/** Any back end of files-sdk. What it cannot do is refused with E_INVALID, reason `unsupported`. */
export function fromFiles(files: FilesLike, name = 'files'): StorageDriver {
  async function upload(
    key: string,
    body: Uint8Array | ReadableStream<Uint8Array>,
    { contentType, ifAbsent }: { readonly contentType: string; readonly ifAbsent: boolean },
    signal: AbortSignal,
  ): Promise<{ etag: string }> {
    try {
      const { etag } = await (ifAbsent
        ? files.upload(key, body, { contentType, signal, condition: { type: 'create' } })
        : files.upload(key, body, { contentType, signal }))
      return { etag: etag === undefined ? etagOf(await files.head(key, { signal })) : bareTag(etag) }
    } catch (error) {
      throw codeOf(error) === 'Conflict' ? fileExists(key) : failure(error)
    }
  }

  async function run<Answer>(work: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await work()
    } catch (error) {
      if (codeOf(error) === 'NotFound') return undefined
      throw failure(error)
    }
  }

  function failure(error: unknown): CoreError {
    if (error instanceof CoreError) return error
    const code = codeOf(error)
    return storeFailed(name, code === 'Unauthorized' ? 403 : code === 'ReadOnly' ? 405 : undefined, code)
  }

  function requireConditions(ifAbsent: boolean): void {
    if (!ifAbsent || files.capabilities.conditional.create) return
    throw unsupported(name, 'upload a file only where there is none', 'Leave ifAbsent out, or use another store.')
  }

  return {
    name,
    ordered: true,
    async put(key, bytes, options, signal) {
      requireConditions(options.ifAbsent)
      return await upload(key, bytes, options, signal)
    },
    async openParts(key, options, signal) {
      requireConditions(options.ifAbsent)
      return writeAsStream((stream) => upload(key, stream, options, signal))
    },
    async get(key, range, signal) {
      const found = await run(() => files.head(key, { signal }))
      if (found === undefined) return null
      const { size, type: contentType } = found
      if (range !== undefined && range.start >= size) throw rangeUnsatisfiable(size)
      const start = range?.start ?? 0
      const end = Math.min(range?.end ?? size - 1, size - 1)
      if (range !== undefined && !files.capabilities.rangeRead) {
        throw unsupported(name, 'read a part of a file', 'Read the whole file, or use another store.')
      }
      const part = range === undefined ? {} : { range: { start, end } }
      const file = await run(() => files.download(key, { as: 'stream', signal, ...part }))
      if (file === undefined) return null
      return { size, contentType, etag: etagOf(found), range: { start, end }, stream: file.stream() }
    },
    async head(key, signal) {
      const file = await run(() => files.head(key, { signal }))
      if (file === undefined) return null
      const { size, type: contentType, lastModified = 0 } = file
      return { key, size, etag: etagOf(file), contentType, modifiedAt: new Date(lastModified) }
    },
    delete: async (key, signal) => await run(() => files.delete(key, { signal })),
    async copy(from, to, signal) {
      if ((await run(() => files.head(from, { signal }))) === undefined) return false
      await run(() => files.copy(from, to, { signal }))
      return true
    },
    async list(prefix, cursor, limit, signal) {
      const page = await run(() => files.list({ prefix, limit, signal, ...(cursor === undefined ? {} : { cursor }) }))
      const found = (page?.items ?? []).map((file) => {
        const { key, size, type: contentType, lastModified = 0 } = file
        return { key, size, etag: etagOf(file), contentType, modifiedAt: new Date(lastModified) }
      })
      return { files: found, next: page?.cursor }
    },
    async sign(key, { method, expiresSeconds, contentType, maxBytes, downloadName }, signal) {
      if (!files.capabilities.signedUrl.supported) {
        throw unsupported(name, 'sign addresses', 'Go through the control plane, or use another store.')
      }
      const expiresAt = new Date(Date.now() + expiresSeconds * 1000)
      if (method === 'GET') {
        const named = downloadName === undefined ? {} : { responseContentDisposition: attachment(downloadName) }
        const url = await run(() => files.url(key, { expiresIn: expiresSeconds, signal, ...named }))
        if (url === undefined) throw storeFailed(name, 404)
        return { url, method, headers: {}, expiresAt }
      }
      const signed = await run(() =>
        files.signedUploadUrl(key, {
          expiresIn: expiresSeconds,
          signal,
          ...(contentType === undefined ? {} : { contentType }),
          ...(maxBytes === undefined ? {} : { maxSize: maxBytes }),
        }),
      )
      if (signed?.method !== 'PUT') throw unsupported(name, 'sign a PUT', 'Upload through the control plane.')
      return { url: signed.url, method, headers: signed.headers ?? {}, expiresAt }
    },
  }
}

function etagOf({ etag, size, lastModified = 0 }: FileLike): string {
  return etag === undefined ? `${size}-${lastModified}` : bareTag(etag)
}

function codeOf(error: unknown): string | undefined {
  return isObject(error) && typeof error['code'] === 'string' ? error['code'] : undefined
}
