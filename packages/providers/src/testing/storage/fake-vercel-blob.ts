import { randomBytes } from 'node:crypto'
import { type Exchange, type FakeServer, sendFile, sendJson, startFakeServer } from './fake-http.ts'
import { Shelf, type Shelved } from './shelf.ts'

export interface FakeVercelBlob extends FakeServer {
  readonly shelf: Shelf
}

/** A store of Vercel Blob, as its package calls its API: set VERCEL_BLOB_API_URL to `url` before it is loaded. */
export async function startFakeVercelBlob(token: string): Promise<FakeVercelBlob> {
  const shelf = new Shelf()
  let base = ''
  const fail = (exchange: Exchange, status: number, code: string, message = code) =>
    sendJson(exchange, status, { error: { code, message } })
  const toBlob = (pathname: string, { bytes, contentType, etag, modifiedAt }: Shelved) => {
    const url = `${base}/content/${encodeURIComponent(pathname)}`
    return { url, downloadUrl: url, pathname, size: bytes.byteLength, contentType, etag, uploadedAt: modifiedAt }
  }

  async function answer(exchange: Exchange): Promise<void> {
    const { request, url, method } = exchange
    if (request.headers.authorization !== `Bearer ${token}`) return fail(exchange, 403, 'forbidden')
    const query = url.searchParams
    const pathname = query.get('pathname') ?? ''
    const isTaken = request.headers['x-allow-overwrite'] !== '1' && shelf.files.has(pathname)
    if (url.pathname.startsWith('/content/')) return sendContent(exchange)
    if (url.pathname === '/signed-token') return await sendToken(exchange)
    if (url.pathname === '/mpu') return await answerUpload(exchange, pathname, isTaken)
    if (url.pathname === '/delete') {
      for (const name of JSON.parse((await exchange.body()).toString()).urls) shelf.files.delete(name)
      return sendJson(exchange, 200, null)
    }
    if (method === 'PUT') {
      const from = query.get('fromUrl')
      const source = from === null ? undefined : shelf.files.get(toName(new URL(from)))
      const bytes = source?.bytes ?? (await exchange.body())
      if (isTaken) return fail(exchange, 400, 'bad_request', 'This blob already exists, use `allowOverwrite: true`')
      return sendJson(exchange, 200, toBlob(pathname, shelf.keep(pathname, bytes, typeOf(exchange))))
    }
    const name = query.get('url')
    if (name === null) return sendList(exchange)
    const file = shelf.files.get(name)
    if (file === undefined) return fail(exchange, 404, 'not_found')
    sendJson(exchange, 200, toBlob(name, file))
  }

  function sendContent(exchange: Exchange): void {
    const file = shelf.files.get(toName(exchange.url))
    if (file === undefined) fail(exchange, 404, 'not_found')
    else sendFile(exchange, file)
  }

  /** The form of its tokens is its own secret: these have what the package reads of them. */
  async function sendToken(exchange: Exchange): Promise<void> {
    const scope = { storeId: 'fake', ...JSON.parse((await exchange.body()).toString()) }
    const delegationToken = `${Buffer.from(JSON.stringify(scope)).toString('base64url')}.${randomBytes(16).toString('hex')}`
    sendJson(exchange, 200, { delegationToken, clientSigningToken: randomBytes(16).toString('hex'), ...scope })
  }

  function sendList(exchange: Exchange): void {
    const query = exchange.url.searchParams
    const cursor = query.get('cursor')
    const after = cursor === null ? undefined : Buffer.from(cursor, 'base64url').toString()
    const { keys, isCut } = shelf.list(query.get('prefix') ?? '', after, Number(query.get('limit') ?? 1000))
    const blobs = keys.flatMap((key) => {
      const file = shelf.files.get(key)
      return file === undefined ? [] : [toBlob(key, file)]
    })
    const next = isCut ? { cursor: Buffer.from(keys.at(-1) ?? '').toString('base64url') } : {}
    sendJson(exchange, 200, { blobs, hasMore: isCut, ...next })
  }

  async function answerUpload(exchange: Exchange, pathname: string, isTaken: boolean): Promise<void> {
    const { headers } = exchange.request
    if (headers['x-mpu-action'] === 'create') {
      return sendJson(exchange, 200, { key: pathname, uploadId: shelf.begin(typeOf(exchange)) })
    }
    const id = String(headers['x-mpu-upload-id'])
    const upload = shelf.uploads.get(id)
    if (upload === undefined) return fail(exchange, 404, 'not_found')
    const body = await exchange.body()
    if (headers['x-mpu-action'] === 'upload') {
      const number = Number(headers['x-mpu-part-number'])
      upload.parts.set(number, body)
      return sendJson(exchange, 200, { etag: `part-${number}` })
    }
    if (isTaken) return fail(exchange, 400, 'bad_request', 'This blob already exists, use `allowOverwrite: true`')
    const file = shelf.complete(id, pathname)
    sendJson(exchange, 200, file === undefined ? null : toBlob(pathname, file))
  }

  const server = await startFakeServer(answer)
  base = server.url
  return { ...server, shelf }
}

function toName(url: URL): string {
  return decodeURIComponent(url.pathname.replace(/^\/content\//, ''))
}

function typeOf({ request }: Exchange): string {
  return String(request.headers['x-content-type'] ?? 'application/octet-stream')
}
