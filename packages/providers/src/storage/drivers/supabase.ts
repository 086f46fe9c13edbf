import type { Secret } from '@core/config'
import { CoreError, fetchDirectly, isObject } from '@core/foundation'
import type { StorageClient } from '@supabase/storage-js'
import { loadSupabaseStorage } from '../../load-library.ts'
import type { StorageDriver } from '../driver.ts'
import { writeAsStream } from '../ordered-stream.ts'
import { fileExists, rangeUnsatisfiable, storeFailed } from '../storage-error.ts'
import { bareTag, readContentRange, readWhole } from './headers.ts'

export interface SupabaseStorageSettings {
  /** Of the project: `https://<ref>.supabase.co`. */
  readonly url: string
  readonly bucket: string
  readonly serviceRoleKey: Secret
  readonly fetch?: typeof globalThis.fetch | undefined
}

type Bucket = ReturnType<StorageClient['from']>

const name = 'supabase'

/** A bucket of Supabase Storage. An upload of more than 8 MiB is one request, whose parts follow each other. */
export async function openSupabaseDriver({
  url,
  bucket,
  serviceRoleKey,
  ...options
}: SupabaseStorageSettings): Promise<StorageDriver> {
  const library = await loadSupabaseStorage()
  const { fetch = globalThis.fetch } = options
  const base = `${url.replace(/\/+$/, '')}/storage/v1`

  /** The bucket for one call: with its signal, its further headers, and its answer. */
  function begin(signal: AbortSignal, further: Readonly<Record<string, string>> = {}) {
    let last: Response | undefined
    const key = serviceRoleKey.reveal()
    const client = new library.StorageClient(
      base,
      { apikey: key, authorization: `Bearer ${key}` },
      async (input, init) => {
        const headers = new Headers(init?.headers)
        for (const [header, value] of Object.entries(further)) headers.set(header, value)
        last = await fetchDirectly(fetch, input, { ...init, headers, signal })
        return last
      },
    )
    return { files: client.from(bucket), answer: () => last }
  }

  async function upload(
    key: string,
    body: Uint8Array | ReadableStream<Uint8Array>,
    { contentType, ifAbsent }: { readonly contentType: string; readonly ifAbsent: boolean },
    signal: AbortSignal,
  ): Promise<{ etag: string }> {
    const path = toPath(key)
    const { files } = begin(signal)
    const { error } = await files.upload(path, body, { contentType, upsert: !ifAbsent, cacheControl: '0' })
    if (error !== null) throw isConflict(error) ? fileExists(key) : failure(error)
    const { data, error: lost } = await files.info(path)
    if (lost !== null) throw failure(lost)
    return { etag: bareTag(data.etag ?? data.version) }
  }

  return {
    name,
    ordered: true,
    put: upload,
    openParts: async (key, put, signal) => writeAsStream((stream) => upload(key, stream, put, signal)),
    async get(key, range, signal) {
      const header = range === undefined ? {} : { range: `bytes=${range.start}-${range.end ?? ''}` }
      const { files, answer } = begin(signal, header)
      const { data, error } = await files.download(toPath(key)).asStream()
      const headers = answer()?.headers
      if (answer()?.status === 416) throw rangeUnsatisfiable(undefined)
      if (error !== null) {
        if (isMissing(error)) return null
        throw failure(error)
      }
      if (headers === undefined) throw storeFailed(name, undefined)
      const part = readContentRange(headers)
      if (range !== undefined && part === undefined) throw storeFailed(name, undefined, 'NoRange')
      const { size, start, end } = part ?? readWhole(headers)
      return {
        size,
        etag: bareTag(headers.get('etag') ?? ''),
        contentType: headers.get('content-type') ?? 'application/octet-stream',
        range: { start, end },
        stream: data,
      }
    },
    async head(key, signal) {
      const { data, error } = await begin(signal).files.info(toPath(key))
      if (error !== null) {
        if (isMissing(error)) return null
        throw failure(error)
      }
      return {
        key,
        size: data.size ?? 0,
        etag: bareTag(data.etag ?? data.version),
        contentType: data.contentType ?? 'application/octet-stream',
        modifiedAt: new Date(data.lastModified ?? data.createdAt),
      }
    },
    async delete(key, signal) {
      const { error } = await begin(signal).files.remove([toPath(key)])
      if (error !== null && !isMissing(error)) throw failure(error)
    },
    async copy(from, to, signal) {
      // Its copy refuses a target that is there.
      const { files } = begin(signal, { 'x-upsert': 'true' })
      const { error } = await files.copy(toPath(from), toPath(to))
      if (error !== null && isMissing(error)) return false
      if (error !== null) throw failure(error)
      return true
    },
    async list(prefix, cursor, limit, signal) {
      const { files } = begin(signal)
      const page = { prefix: toPath(prefix), limit, ...(cursor === undefined ? {} : { cursor }) }
      const { data, error } = await files.listV2(page)
      if (error !== null) throw failure(error)
      const found = data.objects.map(({ name: path, metadata, updated_at: updatedAt }) => ({
        key: fromPath(path),
        size: Number(metadata?.['size'] ?? 0),
        etag: bareTag(String(metadata?.['eTag'] ?? '')),
        contentType: String(metadata?.['mimetype'] ?? 'application/octet-stream'),
        modifiedAt: new Date(updatedAt),
      }))
      return { files: found, next: data.hasNext ? data.nextCursor : undefined }
    },
    async sign(key, { method, expiresSeconds, contentType, downloadName }, signal) {
      const { files } = begin(signal)
      const path = toPath(key)
      if (method === 'GET') {
        const download = downloadName === undefined ? {} : { download: downloadName }
        const { data, error } = await files.createSignedUrl(path, expiresSeconds, download)
        if (error !== null) throw isMissing(error) ? notThere(key) : failure(error)
        return { url: data.signedUrl, method, headers: {}, expiresAt: new Date(Date.now() + expiresSeconds * 1000) }
      }
      // It fixes the time of such a URL itself: two hours.
      const { data, error } = await files.createSignedUploadUrl(path, { upsert: false })
      if (error !== null) throw failure(error)
      const headers = contentType === undefined ? {} : { 'content-type': contentType }
      return { url: data.signedUrl, method, headers, expiresAt: new Date(Date.now() + 7_200_000) }
    },
  }
}

/** Supabase takes few characters, and its package writes paths into URLs as they are: all others become `=xx`. */
function toPath(key: string): string {
  return [...Buffer.from(key)]
    .map((byte) => {
      const letter = String.fromCharCode(byte)
      return /[A-Za-z0-9_./-]/.test(letter) ? letter : `=${byte.toString(16).padStart(2, '0')}`
    })
    .join('')
}

function fromPath(path: string): string {
  return decodeURIComponent(path.replaceAll(/=([0-9a-f]{2})/g, '%$1'))
}

type StorageFailure = NonNullable<Awaited<ReturnType<Bucket['info']>>['error']>

/** It answers 400 with the real status in the body. */
function statusOf(error: StorageFailure): number | undefined {
  const facts: Readonly<Record<string, unknown>> = isObject(error) ? error : {}
  const inner = Number(facts['statusCode'])
  if (Number.isInteger(inner) && inner >= 400) return inner
  const status = Number(facts['status'])
  return Number.isInteger(status) && status > 0 ? status : undefined
}

const isMissing = (error: StorageFailure) => statusOf(error) === 404
const isConflict = (error: StorageFailure) => statusOf(error) === 409
const failure = (error: StorageFailure) => storeFailed(name, statusOf(error))

function notThere(key: string): CoreError {
  return new CoreError('E_NOT_FOUND', `there is no file ${JSON.stringify(key)}`, {
    details: { reason: 'file_not_found' },
  })
}
