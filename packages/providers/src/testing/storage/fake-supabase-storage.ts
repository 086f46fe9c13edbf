import { randomUUID } from 'node:crypto'
import { type Exchange, type FakeServer, sendFile, sendJson, startFakeServer } from './fake-http.ts'
import { Shelf, type Shelved } from './shelf.ts'

export interface FakeSupabaseStorage extends FakeServer {
  readonly shelf: Shelf
}

/** The characters that its own server takes in the name of an object. */
const allowed = /^[\w/!.*'() &$@=;:+,?-]+$/

/** Supabase Storage with one bucket `files`, as its package `@supabase/storage-js` calls it. */
export async function startFakeSupabaseStorage(serviceRoleKey: string): Promise<FakeSupabaseStorage> {
  const shelf = new Shelf()
  const tokens = new Map<string, { readonly path: string; readonly method: 'GET' | 'PUT'; readonly until: number }>()
  const missing = (exchange: Exchange) =>
    sendJson(exchange, 400, { statusCode: '404', error: 'not_found', message: 'Object not found' })

  async function answer(exchange: Exchange): Promise<void> {
    const { request, url, method } = exchange
    const path = decodeURIComponent(url.pathname.replace(/^\/storage\/v1\/object\//, ''))
    const token = url.searchParams.get('token')
    const grant = token === null ? undefined : tokens.get(token)
    if (grant !== undefined && grant.until > Date.now()) {
      const named = path.replace(/^(upload\/)?sign\/files\//, '')
      if (named !== grant.path || method !== grant.method) return sendJson(exchange, 400, { statusCode: '403' })
      return method === 'PUT' ? await put(exchange, named, false) : sendFound(exchange, named)
    }
    if (request.headers.authorization !== `Bearer ${serviceRoleKey}`) {
      return sendJson(exchange, 400, { statusCode: '403', error: 'Unauthorized', message: 'Invalid Compact JWS' })
    }
    if (path === 'copy') return await copy(exchange)
    if (path.startsWith('list-v2/files')) return await list(exchange)
    if (path.startsWith('info/files/')) return sendInfo(exchange, path.slice('info/files/'.length))
    if (path.startsWith('upload/sign/files/') || path.startsWith('sign/files/')) return await sign(exchange, path)
    if (method === 'DELETE') {
      for (const name of toNames(await exchange.body())) shelf.files.delete(name)
      return sendJson(exchange, 200, [])
    }
    const name = path.replace(/^files\//, '')
    if (name === path) return sendJson(exchange, 400, { statusCode: '404', error: 'Bucket not found' })
    if (method === 'POST' || method === 'PUT') return await put(exchange, name, request.headers['x-upsert'] === 'true')
    sendFound(exchange, name)
  }

  async function put(exchange: Exchange, name: string, mayReplace: boolean): Promise<void> {
    const bytes = await exchange.body()
    if (!allowed.test(name)) return sendJson(exchange, 400, { statusCode: '400', error: 'InvalidKey' })
    if (shelf.files.has(name) && !mayReplace) {
      return sendJson(exchange, 400, { statusCode: '409', error: 'Duplicate', message: 'The resource already exists' })
    }
    shelf.keep(name, bytes, exchange.request.headers['content-type'] ?? 'application/octet-stream')
    sendJson(exchange, 200, { Id: randomUUID(), Key: `files/${name}` })
  }

  async function copy(exchange: Exchange): Promise<void> {
    const { sourceKey, destinationKey } = JSON.parse((await exchange.body()).toString())
    const source = shelf.files.get(sourceKey)
    if (source === undefined) return missing(exchange)
    if (shelf.files.has(destinationKey) && exchange.request.headers['x-upsert'] !== 'true') {
      return sendJson(exchange, 400, { statusCode: '409', error: 'Duplicate' })
    }
    shelf.keep(destinationKey, source.bytes, source.contentType)
    sendJson(exchange, 200, { Key: `files/${destinationKey}` })
  }

  async function list(exchange: Exchange): Promise<void> {
    const { prefix = '', limit = 1000, cursor } = JSON.parse((await exchange.body()).toString())
    const after = cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString()
    const { keys, isCut } = shelf.list(prefix, after, limit)
    const objects = keys.flatMap((name) => {
      const file = shelf.files.get(name)
      return file === undefined ? [] : [{ id: name, name, updated_at: file.modifiedAt, metadata: toMetadata(file) }]
    })
    const nextCursor = isCut ? Buffer.from(keys.at(-1) ?? '').toString('base64url') : undefined
    sendJson(exchange, 200, { hasNext: isCut, folders: [], objects, nextCursor })
  }

  async function sign(exchange: Exchange, path: string): Promise<void> {
    const isUpload = path.startsWith('upload/')
    const name = path.replace(/^(upload\/)?sign\/files\//, '')
    const body = (await exchange.body()).toString()
    if (!isUpload && !shelf.files.has(name)) return missing(exchange)
    const seconds = isUpload ? 7200 : Number(JSON.parse(body).expiresIn)
    const token = randomUUID()
    tokens.set(token, { path: name, method: isUpload ? 'PUT' : 'GET', until: Date.now() + seconds * 1000 })
    const address = `/object/${path}?token=${token}`
    sendJson(exchange, 200, isUpload ? { url: address } : { signedURL: address })
  }

  function sendFound(exchange: Exchange, name: string): void {
    const file = shelf.files.get(name)
    if (file === undefined) missing(exchange)
    else sendFile(exchange, file)
  }

  function sendInfo(exchange: Exchange, name: string): void {
    const file = shelf.files.get(name)
    if (file === undefined) {
      missing(exchange)
      return
    }
    sendJson(exchange, 200, {
      id: name,
      name,
      version: file.etag,
      size: file.bytes.byteLength,
      content_type: file.contentType,
      etag: `"${file.etag}"`,
      last_modified: file.modifiedAt,
      created_at: file.modifiedAt,
    })
  }

  return { ...(await startFakeServer(answer)), shelf }
}

function toMetadata({ bytes, etag, contentType }: Shelved) {
  return { size: bytes.byteLength, eTag: `"${etag}"`, mimetype: contentType }
}

function toNames(body: Buffer): string[] {
  const { prefixes } = JSON.parse(body.toString())
  return Array.isArray(prefixes) ? prefixes.map(String) : []
}
