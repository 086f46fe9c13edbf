import type { Secret } from '@core/config'
import { CoreError, fetchDirectly } from '@core/foundation'
import type { S3mini } from 's3mini'
import { loadS3mini } from '../../load-library.ts'
import type { StorageDriver } from '../driver.ts'
import type { StoredFile } from '../storage.ts'
import { fileExists, rangeUnsatisfiable, storeFailed } from '../storage-error.ts'
import { bareTag, readContentRange, readWhole } from './headers.ts'

export interface S3Settings {
  readonly name?: string
  /** Of the bucket: `https://s3.eu-central-1.amazonaws.com/bucket`, `https://<account>.r2.cloudflarestorage.com/bucket`. */
  readonly url: string
  readonly accessKeyId: string
  readonly secretAccessKey: Secret
  /** Default: auto, which R2 takes. */
  readonly region?: string | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

interface Request {
  readonly client: S3mini
  /** The last answer, whose headers the package does not hand on. */
  readonly answer: () => Response
  /** The text of it, for a request that keeps it. */
  readonly text: () => Promise<string>
}

/** S3, R2 and whatever speaks their API. */
export async function openS3Driver({
  name = 's3',
  url,
  accessKeyId,
  secretAccessKey,
  ...options
}: S3Settings): Promise<StorageDriver> {
  const library = await loadS3mini()
  const { region = 'auto', fetch = globalThis.fetch } = options

  /** A client of one call: with its signal, its further headers, and its answer. */
  function begin(signal: AbortSignal, further: Readonly<Record<string, string>> = {}, keepsText = false): Request {
    let last: Response | undefined
    let kept: Response | undefined
    const client = new library.S3mini({
      accessKeyId,
      secretAccessKey: secretAccessKey.reveal(),
      endpoint: url,
      region,
      async fetch(input, init) {
        const headers = new Headers(init?.headers)
        for (const [header, value] of Object.entries(further)) headers.set(header, value)
        // A redirect would carry the signature to another host.
        last = await fetchDirectly(fetch, input, { ...init, ...withoutCopy(init?.body), headers, signal })
        if (keepsText) kept = last.clone()
        return last
      },
    })
    return {
      client,
      text: async () => (await kept?.text()) ?? '',
      answer() {
        if (last === undefined) throw new CoreError('E_INTERNAL', 's3mini sent no request')
        return last
      },
    }
  }
  const onlyNew = { 'if-none-match': '*' }

  /** Stores that do not know If-None-Match are asked before; those that do decide between two uploads at once. */
  async function requireAbsent(key: string, signal: AbortSignal): Promise<void> {
    if (await begin(signal).client.objectExists(key)) throw fileExists(key)
  }

  const head = async (key: string, signal: AbortSignal): Promise<StoredFile | null> => {
    const { client, answer } = begin(signal)
    if ((await client.objectExists(key)) !== true) return null
    return toFile(key, answer().headers)
  }

  return {
    name,
    async put(key, bytes, { contentType, ifAbsent }, signal) {
      if (ifAbsent) await requireAbsent(key, signal)
      const { client } = begin(signal, ifAbsent ? onlyNew : {})
      try {
        // The package leaves the length of an empty file out, and S3 asks for one.
        const response = await client.putObject(key, bytes, contentType, undefined, undefined, bytes.byteLength)
        await response.body?.cancel()
        return { etag: etagOf(response.headers) }
      } catch (error) {
        throw conflictOf(error, key) ?? error
      }
    },
    async openParts(key, { contentType, ifAbsent }, signal) {
      if (ifAbsent) await requireAbsent(key, signal)
      const uploadId = await begin(signal).client.getMultipartUploadId(key, contentType)
      const parts: { partNumber: number; etag: string }[] = []
      return {
        async write(number, bytes, partSignal) {
          const part = await begin(partSignal).client.uploadPart(key, uploadId, bytes, number)
          parts.push(part)
        },
        async complete(_sha256, lastSignal) {
          const inOrder = parts.toSorted((left, right) => left.partNumber - right.partNumber)
          try {
            const { client } = begin(lastSignal, ifAbsent ? onlyNew : {})
            const answered = { ...(await client.completeMultipartUpload(key, uploadId, inOrder)) }
            // S3 may fail with 200. Some stand-ins name the answer in their own way, in which the package finds no tag.
            if ('Error' in answered || 'error' in answered) throw storeFailed(name, 500)
            const etag = answered.etag ?? (await head(key, lastSignal))?.etag
            if (etag === undefined) throw storeFailed(name, 500)
            return { etag: bareTag(etag) }
          } catch (error) {
            throw conflictOf(error, key) ?? error
          }
        },
        abort: async () => void (await begin(AbortSignal.timeout(10_000)).client.abortMultipartUpload(key, uploadId)),
      }
    },
    async get(key, range, signal) {
      const { client } = begin(signal)
      try {
        const end = range?.end === undefined ? undefined : range.end + 1
        const response = await client.getObjectRaw(key, range === undefined, range?.start, end)
        const { headers, body } = response
        const part = readContentRange(headers)
        if (range !== undefined && part === undefined) throw storeFailed(name, undefined, 'NoRange')
        const { size, start, end: last } = part ?? readWhole(headers)
        return {
          size,
          etag: etagOf(headers),
          contentType: typeOf(headers),
          range: { start, end: last },
          stream: body ?? new Blob([]).stream(),
        }
      } catch (error) {
        const status = statusOf(error)
        if (status === 404) return null
        if (status === 416) throw rangeUnsatisfiable(undefined)
        throw error
      }
    },
    head,
    async delete(key, signal) {
      try {
        await begin(signal).client.deleteObject(key)
      } catch (error) {
        if (statusOf(error) !== 404) throw error
      }
    },
    async copy(from, to, signal) {
      try {
        // The package writes the slashes of the source as %2F, which not every store takes back.
        const source = new URL(`${url.replace(/\/+$/, '')}/`)
        const path = `${source.pathname}${from.split('/').map(encodeURIComponent).join('/')}`
        await begin(signal).client.copyObject(from, to, { additionalHeaders: { 'x-amz-copy-source': path } })
        return true
      } catch (error) {
        if (statusOf(error) === 404) return false
        throw error
      }
    },
    async list(prefix, cursor, limit, signal) {
      // The package signs !'()* in a query as they are, and S3 does not: the prefix is cut before the first of them.
      const plain = prefix.split(/[!'()*]/, 1)[0] ?? ''
      const { client, text } = begin(signal, {}, true)
      const page = await client.listObjectsPaged('/', plain, limit, cursor, { 'encoding-type': 'url' })
      if (!page?.objects) throw storeFailed(name, 404, 'NoSuchBucket')
      // Some stores do not know it, and a key of theirs may look like an encoded one.
      const isEncoded = /<EncodingType>\s*url\s*</i.test(await text())
      const found = page.objects.map(({ Key, Size, ETag, LastModified }) => ({
        key: isEncoded ? decodeURIComponent(Key.replaceAll('+', '%20')) : Key,
        size: Size,
        etag: bareTag(ETag),
        contentType: 'application/octet-stream',
        modifiedAt: LastModified,
      }))
      return { files: found.filter(({ key }) => key.startsWith(prefix)), next: page.nextContinuationToken }
    },
    async sign(key, { method, expiresSeconds, contentType, maxBytes, downloadName }, signal) {
      const headers: Record<string, string> = {}
      if (method === 'PUT') {
        if (contentType !== undefined) headers['content-type'] = contentType
        if (maxBytes !== undefined) headers['content-length'] = String(maxBytes)
        headers['if-none-match'] = '*'
      }
      // As in list: of the name there is what the package signs as S3 does.
      const plain = downloadName?.replaceAll(/[^\w .,=+-]/g, '_')
      const query: Record<string, string> =
        plain === undefined ? {} : { 'response-content-disposition': `attachment; filename="${plain}"` }
      const signed = await begin(signal).client.getPresignedUrl(method, key, expiresSeconds, query, headers)
      return { url: signed, method, headers, expiresAt: new Date(Date.now() + expiresSeconds * 1000) }
    },
  }
}

/** `fetch` copies bytes before it sends them: four parts at once would be twice in memory. It does not copy a stream. */
function withoutCopy(body: unknown): { readonly body?: ReadableStream<Uint8Array>; readonly duplex?: 'half' } {
  if (!(body instanceof Uint8Array) || body.byteLength <= sliceBytes) return {}
  let at = 0
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        controller.enqueue(body.subarray(at, at + sliceBytes))
        at += sliceBytes
        if (at >= body.byteLength) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  return { body: stream, duplex: 'half' }
}

const sliceBytes = 256 * 1024

function toFile(key: string, headers: Headers): StoredFile {
  return {
    key,
    size: Number(headers.get('content-length')),
    etag: etagOf(headers),
    contentType: typeOf(headers),
    modifiedAt: new Date(headers.get('last-modified') ?? 0),
  }
}

const typeOf = (headers: Headers) => headers.get('content-type') ?? 'application/octet-stream'
const etagOf = (headers: Headers) => bareTag(headers.get('etag') ?? '')

function statusOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : undefined
}

/** 412: there is one. 409: another upload of this key came first. */
function conflictOf(error: unknown, key: string): CoreError | undefined {
  const status = statusOf(error)
  return status === 412 || status === 409 ? fileExists(key) : undefined
}
