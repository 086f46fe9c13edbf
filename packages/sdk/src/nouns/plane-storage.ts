import { createClient, toPathSegment } from '@core/api/client'
import {
  type CallOptions,
  CoreError,
  fetchDirectly,
  isCoreError,
  isObject,
  startDeadline,
  toHeaderValue,
} from '@core/foundation'
import type { StorageSource, StoredFile } from '@core/providers/storage'
import type { ControlPlane } from '../choose-connection.ts'
import type { CoreStorage } from './core-storage.ts'

const transferMs = 3_600_000
/** A stream has no size beforehand, which the control plane asks for: it is gathered first. */
const mostStreamed = 64 * 1024 * 1024

/** The files of the key's project, in whatever store the control plane has. */
export function createPlaneStorage({ url, key, fetch: send = fetch }: ControlPlane): CoreStorage {
  const read = async () => (typeof key === 'string' ? key : await key())
  const client = async () => createClient({ url, key: await read(), fetch: send })
  const fileOf = (name: string) => ({ params: { project: 'current', name } })

  /** The address of content, which no route of the typed client has. */
  async function transfer(name: string, init: RequestInit, { signal }: AbortSignalHolder): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${toHeaderValue('the key', await read())}`)
    const address = `${url}/v1/projects/current/files/${toPathSegment('name', name)}/content`
    try {
      const response = await fetchDirectly(send, address, { ...init, headers, signal })
      if (response.ok) return response
      throw toError(response.status, await response.json().catch(() => undefined))
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof CoreError) throw error
      throw new CoreError('E_DATABASE_UNAVAILABLE', 'the control plane does not answer', {
        retryable: true,
        cause: error,
      })
    }
  }

  async function head(name: string, call: CallOptions = {}): Promise<StoredFile | null> {
    try {
      return toStored(await (await client()).getFile(fileOf(name), call))
    } catch (error) {
      if (isCoreError(error, 'E_NOT_FOUND')) return null
      throw error
    }
  }

  return {
    head,
    async upload(
      name,
      source,
      { contentType = 'application/octet-stream', size, sha256, ifAbsent, onProgress } = {},
      call = {},
    ) {
      using deadline = startDeadline('an upload', call, transferMs)
      const body = await toBlob(source)
      if (size !== undefined && size !== body.size) {
        throw new CoreError('E_INVALID', `the source has ${body.size} bytes, and not ${size}`)
      }
      const headers = {
        'content-type': toHeaderValue('contentType', contentType),
        ...(sha256 !== undefined && { 'content-sha256': toHeaderValue('sha256', sha256) }),
        ...(ifAbsent && { 'if-none-match': '*' }), // of several at once one wins
      }
      const response = await transfer(name, { method: 'PUT', body, headers }, deadline)
      const stored = await storedOf(response, body.size, sha256)
      onProgress?.(body.size)
      return { key: name, size: body.size, ...stored }
    },
    async download(name, { range } = {}, call = {}) {
      // Also of the stream, which is read after this call has returned.
      const limit = AbortSignal.timeout(call.timeoutMs ?? transferMs)
      const signal = call.signal ? AbortSignal.any([limit, call.signal]) : limit
      const headers = range === undefined ? {} : { range: `bytes=${range.start}-${range.end ?? ''}` }
      const response = await transfer(name, { headers }, { signal }).catch((error: unknown) => {
        if (isCoreError(error, 'E_NOT_FOUND') && error.details['reason'] === 'not_found') return null
        throw error
      })
      if (response === null || response.body === null) return null
      const [, first, last, whole] =
        /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? []
      const size = Number(whole ?? response.headers.get('content-length'))
      return {
        size,
        etag: response.headers.get('etag')?.replaceAll('"', '') ?? '',
        contentType: response.headers.get('content-type') ?? 'application/octet-stream',
        stream: response.body,
        range: { start: Number(first ?? 0), end: Number(last ?? size - 1) },
      }
    },
    async delete(name, call = {}) {
      try {
        await (await client()).removeFile(fileOf(name), call)
      } catch (error) {
        if (!isCoreError(error, 'E_NOT_FOUND')) throw error
      }
    },
    async list(prefix, { cursor, limit = 100 } = {}, call = {}) {
      const query = { ...(prefix && { prefix }), ...(cursor !== undefined && { after: cursor }), limit }
      const { data, page } = await (await client()).listFiles({ params: { project: 'current' }, query }, call)
      return { files: data.map(toStored), next: page.next ?? undefined }
    },
    async getSignedUrl(name, { expiresSeconds }, call = {}) {
      const answer = await (await client()).getFileUrl({ ...fileOf(name), body: { expiresSeconds } }, call)
      return { url: answer.url, method: 'GET', headers: answer.requestHeaders, expiresAt: new Date(answer.expiresAt) }
    },
  }
}

/** @throws CoreError where the answer does not say that the whole content is stored: something else answered. */
async function storedOf(
  response: Response,
  size: number,
  expected: string | undefined,
): Promise<{ readonly etag: string; readonly sha256: string }> {
  const answer: unknown = await response.json().catch(() => undefined)
  if (isObject(answer)) {
    const { etag, sha256, size: storedSize } = answer
    const isWhole = storedSize === size && (expected === undefined || sha256 === expected.toLowerCase())
    if (isWhole && typeof etag === 'string' && typeof sha256 === 'string') return { etag, sha256 }
  }
  throw new CoreError('E_DATABASE_UNAVAILABLE', 'the answer does not say that the file is stored', {
    retryable: true,
    fix: 'Check that the address is that of a control plane, with no other server before it.',
    details: { reason: 'not_stored', status: response.status },
  })
}

interface AbortSignalHolder {
  readonly signal: AbortSignal
}

interface FileAnswer {
  readonly name: string
  readonly size: number
  readonly etag: string
  readonly contentType: string
  readonly createdAt: string
}

function toStored({ name, size, etag, contentType, createdAt }: FileAnswer): StoredFile {
  return { key: name, size, etag, contentType, modifiedAt: new Date(createdAt) }
}

async function toBlob(source: StorageSource): Promise<Blob> {
  if (source instanceof Blob) return source
  if (source instanceof Uint8Array) return new Blob([new Uint8Array(source)])
  const parts: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for await (const part of source) {
    size += part.length
    if (size > mostStreamed) {
      throw new CoreError('E_TOO_LARGE', 'a stream of more than 64 MB has to be a Blob', {
        fix: 'Pass a Blob, which knows its size: `await openAsBlob(path)` of node:fs reads a file as it is sent.',
      })
    }
    parts.push(new Uint8Array(part))
  }
  return new Blob(parts)
}

function toError(status: number, problem: unknown): CoreError {
  const { detail, code, title }: Record<string, unknown> = isObject(problem) ? problem : {}
  const text = String(detail ?? title ?? `the control plane answered ${status}`)
  const details = { reason: typeof code === 'string' ? code : 'unavailable', status }
  if (status === 401) return new CoreError('E_UNAUTHENTICATED', text, { details })
  if (status === 403) return new CoreError('E_FORBIDDEN', text, { details })
  if (status === 404) return new CoreError('E_NOT_FOUND', text, { details })
  if (status === 413) return new CoreError('E_TOO_LARGE', text, { details })
  if (status === 412) return new CoreError('E_CONFLICT', text, { details: { ...details, reason: 'file_exists' } })
  if (status === 409 || status === 507) return new CoreError('E_CONFLICT', text, { details })
  if (status < 500) return new CoreError('E_INVALID', text, { details })
  return new CoreError('E_DATABASE_UNAVAILABLE', text, { retryable: true, details })
}
