import { createHash } from 'node:crypto'
import { createStorage, type FilesLike, fromFiles } from '@core/providers/storage'
import { describeStorage } from '@core/providers/testing'
import { expect, test } from 'vitest'

interface Can {
  readonly rangeRead?: boolean
  readonly create?: boolean
  readonly signs?: boolean
}

/** A `Files` of files-sdk that keeps its files in memory: quoted tags, its codes of errors, cursors of its own. */
function openFiles({ rangeRead = true, create = true, signs = true }: Can = {}) {
  const kept = new Map<string, { readonly bytes: Uint8Array; readonly type: string; readonly lastModified: number }>()
  const asked: unknown[] = []
  const fail = (code: string) => Object.assign(new Error(`it failed: ${code}`), { code })
  const find = (key: string) => {
    const file = kept.get(key)
    if (file === undefined) throw fail('NotFound')
    return file
  }
  const show = (key: string, range: { start: number; end?: number } = { start: 0 }) => {
    const { bytes, type, lastModified } = find(key)
    const part = Uint8Array.from(bytes.subarray(range.start, range.end === undefined ? undefined : range.end + 1))
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`
    return { key, type, lastModified, etag, size: part.byteLength, stream: () => new Blob([part]).stream() }
  }
  const files: FilesLike = {
    capabilities: { rangeRead, conditional: { create }, signedUrl: { supported: signs } },
    async upload(key, body, options) {
      const content = body instanceof Uint8Array ? new Blob([Uint8Array.from(body)]) : body
      const bytes = new Uint8Array(await new Response(content).arrayBuffer())
      if ('condition' in options && kept.has(key)) throw fail('Conflict')
      kept.set(key, { bytes, type: options.contentType, lastModified: Date.now() })
      return { etag: show(key).etag }
    },
    download: async (key, { range }) => show(key, range),
    head: async (key) => show(key),
    delete: async (key) => void kept.delete(key),
    copy: async (from, to) => kept.set(to, find(from)),
    async list({ prefix, limit, cursor = '' }) {
      const keys = [...kept.keys()].filter((key) => key.startsWith(prefix)).sort()
      const at = cursor === '' ? 0 : keys.findIndex((key) => key > cursor)
      const page = at === -1 ? [] : keys.slice(at, at + limit)
      const last = page.at(-1)
      return {
        items: page.map((key) => show(key)),
        ...(last !== undefined && last !== keys.at(-1) ? { cursor: last } : {}),
      }
    },
    async url(key, options) {
      asked.push(options)
      return `https://store.example/${key}?signed`
    },
    async signedUploadUrl(key, options) {
      asked.push(options)
      return { method: 'PUT', url: `https://store.example/${key}?signed`, headers: { 'Content-Type': 'audio/wav' } }
    },
  }
  return { files, asked }
}

// Without signed URLs: the contract asks a server for them.
describeStorage('a Files of files-sdk', () => ({ driver: fromFiles(openFiles().files) }), { signs: false })

test('addresses are those that the Files signs, with the tag as other stores have it', async () => {
  const { files, asked } = openFiles()
  const storage = createStorage({ stores: [fromFiles(files)] })
  const { etag } = await storage.upload('a', Buffer.from('x'))
  expect(etag).toMatch(/^[0-9a-f]{32}$/)
  const read = await storage.getSignedUrl('a', { method: 'GET', expiresSeconds: 60, downloadName: 'ü.wav' })
  expect(read).toMatchObject({ method: 'GET', url: 'https://store.example/a?signed', headers: {} })
  const sent = { method: 'PUT', expiresSeconds: 60, contentType: 'audio/wav', maxBytes: 5 } as const
  expect(await storage.getSignedUrl('b', sent)).toMatchObject({
    method: 'PUT',
    url: 'https://store.example/b?signed',
    headers: { 'Content-Type': 'audio/wav' },
  })
  expect(asked).toMatchObject([
    { expiresIn: 60, responseContentDisposition: "attachment; filename*=UTF-8''%C3%BC.wav" },
    { expiresIn: 60, contentType: 'audio/wav', maxSize: 5 },
  ])
})

test('what a Files cannot do is refused, and its failures have codes and no cause', async () => {
  const { files } = openFiles({ rangeRead: false, create: false, signs: false })
  const storage = createStorage({ stores: [fromFiles(files)] })
  await storage.upload('a', Buffer.from('content'))
  const unsupported = expect.objectContaining({ code: 'E_INVALID', details: { reason: 'unsupported' } })
  await expect(storage.upload('b', Buffer.from('x'), { ifAbsent: true })).rejects.toEqual(unsupported)
  await expect(storage.download('a', { range: { start: 1 } })).rejects.toEqual(unsupported)
  for (const method of ['GET', 'PUT'] as const) {
    await expect(storage.getSignedUrl('a', { method, expiresSeconds: 60 })).rejects.toEqual(unsupported)
  }
  const refusing = fromFiles({
    ...files,
    head: () => Promise.reject(Object.assign(new Error('https://store.example/?key=canary'), { code: 'Unauthorized' })),
  })
  const failure: unknown = await createStorage({ stores: [refusing] })
    .head('a')
    .catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'E_PROVIDER', details: { reason: 'auth' } })
  expect(JSON.stringify([failure, String(failure), Object(failure).stack])).not.toContain('canary')
})
