import { isSigned, type Keys } from './check-signature.ts'
import { type Exchange, type FakeServer, sendFile, startFakeServer } from './fake-http.ts'
import { Shelf } from './shelf.ts'

export interface FakeS3 extends FakeServer {
  readonly shelf: Shelf
}

export interface FakeS3Options extends Keys {
  /** Nothing is kept, for uploads larger than the memory. */
  readonly discard?: boolean
}

/**
 * An S3 with one bucket `files`: signatures checked, `If-None-Match: *` kept, lists with encoding-type, multipart uploads.
 */
export async function startFakeS3({ discard = false, ...keys }: FakeS3Options): Promise<FakeS3> {
  const shelf = new Shelf()

  async function receive(exchange: Exchange): Promise<Buffer> {
    if (!discard) return await exchange.body()
    for await (const chunk of exchange.request) void chunk
    return Buffer.alloc(0)
  }

  async function answer(exchange: Exchange): Promise<void> {
    const { request, url, method } = exchange
    if (!isSigned(request, url, keys)) return sendError(exchange, 403, 'SignatureDoesNotMatch')
    const [, bucket, path] = /^\/([^/]+)\/?(.*)$/.exec(url.pathname) ?? []
    if (bucket !== 'files') return sendError(exchange, 404, 'NoSuchBucket')
    const key = decodeURIComponent(path ?? '')
    if (key === '') return sendList(exchange, shelf)
    const isTaken = request.headers['if-none-match'] === '*' && shelf.files.has(key)
    const uploadId = url.searchParams.get('uploadId')
    if (method === 'POST' && url.searchParams.has('uploads')) {
      const id = shelf.begin(request.headers['content-type'] ?? 'binary/octet-stream')
      return sendXml(exchange, 200, 'InitiateMultipartUploadResult', `<UploadId>${id}</UploadId>`)
    }
    if (uploadId !== null) return await answerUpload(exchange, uploadId, key, isTaken)
    if (method === 'PUT') return await put(exchange, key, isTaken)
    const file = shelf.files.get(key)
    if (method === 'DELETE') {
      shelf.files.delete(key)
      exchange.response.writeHead(204).end()
      return
    }
    if (file === undefined) return sendError(exchange, 404, 'NoSuchKey')
    sendFile(exchange, file)
  }

  async function put(exchange: Exchange, key: string, isTaken: boolean): Promise<void> {
    const { request, response } = exchange
    const source = request.headers['x-amz-copy-source']
    if (typeof source === 'string') {
      const from = shelf.files.get(decodeURIComponent(source).replace(/^\/?files\//, ''))
      if (from === undefined) return sendError(exchange, 404, 'NoSuchKey')
      const { etag } = shelf.keep(key, from.bytes, from.contentType)
      return sendXml(exchange, 200, 'CopyObjectResult', `<ETag>&quot;${etag}&quot;</ETag>`)
    }
    const bytes = await receive(exchange)
    if (isTaken) return sendError(exchange, 412, 'PreconditionFailed')
    const { etag } = shelf.keep(key, bytes, request.headers['content-type'] ?? 'binary/octet-stream')
    response.writeHead(200, { etag: `"${etag}"` }).end()
  }

  async function answerUpload(exchange: Exchange, id: string, key: string, isTaken: boolean): Promise<void> {
    const { method, response, url } = exchange
    const upload = shelf.uploads.get(id)
    if (upload === undefined) return sendError(exchange, 404, 'NoSuchUpload')
    if (method === 'PUT') {
      const number = Number(url.searchParams.get('partNumber'))
      upload.parts.set(number, await receive(exchange))
      response.writeHead(200, { etag: `"part-${number}"` }).end()
      return
    }
    if (method === 'DELETE') {
      shelf.uploads.delete(id)
      response.writeHead(204).end()
      return
    }
    await exchange.body()
    if (isTaken) return sendError(exchange, 412, 'PreconditionFailed')
    const file = shelf.complete(id, key)
    sendXml(exchange, 200, 'CompleteMultipartUploadResult', `<ETag>"${file?.etag}"</ETag>`)
  }

  return { ...(await startFakeServer(answer)), shelf }
}

function sendList(exchange: Exchange, shelf: Shelf): void {
  const query = exchange.url.searchParams
  const limit = Math.min(Number(query.get('max-keys') ?? 1000), 1000)
  const token = query.get('continuation-token')
  const after = token === null ? undefined : Buffer.from(token, 'base64').toString()
  const { keys, isCut } = shelf.list(query.get('prefix') ?? '', after, limit)
  const encode = (key: string) =>
    query.get('encoding-type') === 'url' ? encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/') : key
  const contents = keys.map((key) => {
    const file = shelf.files.get(key)
    const { bytes = Buffer.alloc(0), etag = '', modifiedAt = new Date(0) } = file ?? {}
    return `<Contents><Key>${encode(key)}</Key><LastModified>${modifiedAt.toISOString()}</LastModified><ETag>"${etag}"</ETag><Size>${bytes.byteLength}</Size></Contents>`
  })
  const next = isCut
    ? `<NextContinuationToken>${Buffer.from(keys.at(-1) ?? '').toString('base64')}</NextContinuationToken>`
    : ''
  const encoding = query.get('encoding-type') === 'url' ? '<EncodingType>url</EncodingType>' : ''
  sendXml(
    exchange,
    200,
    'ListBucketResult',
    `${encoding}<IsTruncated>${isCut}</IsTruncated>${contents.join('')}${next}`,
  )
}

function sendXml({ response }: Exchange, status: number, root: string, inner: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?><${root}>${inner}</${root}>`
  response.writeHead(status, { 'content-type': 'application/xml' }).end(body)
}

function sendError(exchange: Exchange, status: number, code: string): void {
  if (exchange.method === 'HEAD') {
    exchange.response.writeHead(status).end()
    return
  }
  sendXml(exchange, status, 'Error', `<Code>${code}</Code><Message>${code}</Message>`)
}
