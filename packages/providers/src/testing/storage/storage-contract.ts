import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createStorage } from '../../storage/create-storage.ts'
import type { StorageDriver } from '../../storage/driver.ts'
import type { DownloadedFile, Storage } from '../../storage/storage.ts'
import { badKeys, oddKeys } from './storage-keys.ts'

export interface StoreUnderTest {
  readonly driver: StorageDriver
  /** How many of two uploads at once with `ifAbsent` may win: of a store without conditions, both. Default 1. */
  readonly winners?: 1 | 2
  /** The longest key that it takes, in bytes. Default 1,024. */
  readonly maxKeyBytes?: number
  /** The parts of streams are this large. Default 64 KiB; S3 itself takes 5 MiB and more. */
  readonly partBytes?: number
  /** What is left of uploads that were ended. */
  readonly unfinished?: () => number | Promise<number>
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const bytesOf = async ({ stream }: DownloadedFile) => Buffer.from(await new Response(stream).arrayBuffer())
const text = async (storage: Storage, key: string) => {
  const file = await storage.download(key)
  return file === null ? null : (await bytesOf(file)).toString()
}
const code = (wanted: string, reason?: string) =>
  expect.objectContaining({
    code: wanted,
    ...(reason === undefined ? {} : { details: expect.objectContaining({ reason }) }),
  })

/** What a stand-in of a store cannot do; the tests of it are left out. */
export interface StandInLimits {
  readonly lists?: false
  readonly signs?: false
  /** Its lists do not encode keys, which lose a space at the end, and its pages are not in the order of their bytes. */
  readonly encodes?: false
}

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}

/** Instead of `test`, for what a stand-in cannot do. */
function none(_name: string, _work: () => Promise<void>): void {}

/** An address that was not signed. */
function forge(url: string): string {
  return url.includes('/new')
    ? url.replace('/new', '/old')
    : `${url.slice(0, -3)}${url.endsWith('AAA') ? 'BBB' : 'AAA'}`
}

/** What every store promises; each test has a folder of its own. */
export function describeStorage(
  name: string,
  open: () => StoreUnderTest | Promise<StoreUnderTest>,
  { lists = true, signs = true, encodes = true }: { readonly [Limit in keyof StandInLimits]: boolean } = {},
): void {
  describe(name, () => {
    const enter = async () => {
      const under = await open()
      const { partBytes = 65_536 } = under
      const root = createStorage({ stores: [under.driver], partBytes })
      return { ...under, partBytes, root, storage: root.within(`t-${randomUUID()}`) }
    }

    test('a file comes back whole, with its size, type and hash', async () => {
      const { storage } = await enter()
      const bytes = randomBytes(70_000)
      const uploaded = await storage.upload('a/b.wav', bytes, { contentType: 'audio/wav' })
      expect(uploaded).toMatchObject({ key: 'a/b.wav', size: 70_000, sha256: sha256(bytes) })
      const file = await storage.download('a/b.wav')
      expect(file).toMatchObject({ size: 70_000, contentType: 'audio/wav', range: { start: 0, end: 69_999 } })
      expect(file && (await bytesOf(file)).equals(bytes)).toBe(true)
      const head = await storage.head('a/b.wav')
      expect(head).toMatchObject({ key: 'a/b.wav', size: 70_000, contentType: 'audio/wav', etag: uploaded.etag })
      expect(Math.abs(Number(head?.modifiedAt) - Date.now())).toBeLessThan(60_000)
    })

    test('an empty file is a file', async () => {
      const { storage } = await enter()
      await storage.upload('empty', new Uint8Array(0))
      expect(await storage.head('empty')).toMatchObject({ size: 0 })
      expect(await text(storage, 'empty')).toBe('')
    })

    test('what is not there is null, and deleting it does nothing', async () => {
      const { storage } = await enter()
      expect(await storage.head('none')).toBeNull()
      expect(await storage.download('none')).toBeNull()
      await storage.delete('none')
      await expect(storage.copy('none', 'other')).rejects.toEqual(code('E_NOT_FOUND'))
    })

    test('a stream of several parts is put together in order', async () => {
      const { storage, partBytes } = await enter()
      const bytes = randomBytes(partBytes * 6 + 17)
      const seen: number[] = []
      const uploaded = await storage.upload('large', chunks(bytes, partBytes / 3 + 1), {
        contentType: 'audio/wav',
        onProgress: (done) => seen.push(done),
      })
      expect(uploaded).toMatchObject({ size: bytes.byteLength, sha256: sha256(bytes) })
      expect(seen).toEqual([1, 2, 3, 4, 5, 6].map((parts) => parts * partBytes).concat(bytes.byteLength))
      const file = await storage.download('large')
      expect(file && sha256(await bytesOf(file))).toBe(sha256(bytes))
      expect(await storage.head('large')).toMatchObject({ size: bytes.byteLength, contentType: 'audio/wav' })
    })

    test('a range is that part, cut at the end of the file', async () => {
      const { storage } = await enter()
      await storage.upload('digits', Buffer.from('0123456789'))
      const read = async (start: number, end?: number) => {
        const file = await storage.download('digits', { range: { start, end } })
        return file && [(await bytesOf(file)).toString(), file.range, file.size]
      }
      expect(await read(2, 4)).toEqual(['234', { start: 2, end: 4 }, 10])
      expect(await read(7)).toEqual(['789', { start: 7, end: 9 }, 10])
      expect(await read(9, 500)).toEqual(['9', { start: 9, end: 9 }, 10])
      await expect(read(10)).rejects.toEqual(code('E_INVALID', 'range_not_satisfiable'))
      await expect(read(3, 2)).rejects.toEqual(code('E_INVALID'))
    })

    test('another upload replaces a file, and ifAbsent keeps it', async () => {
      const { storage, winners = 1 } = await enter()
      await storage.upload('a', Buffer.from('one'))
      await storage.upload('a', Buffer.from('two'))
      await expect(storage.upload('a', Buffer.from('three'), { ifAbsent: true })).rejects.toEqual(
        code('E_CONFLICT', 'file_exists'),
      )
      expect(await text(storage, 'a')).toBe('two')
      const racing = ['b1', 'b2'].map((content) => storage.upload('b', Buffer.from(content), { ifAbsent: true }))
      const won = (await Promise.allSettled(racing)).filter(({ status }) => status === 'fulfilled')
      expect(won.length).toBeGreaterThanOrEqual(1)
      expect(won.length).toBeLessThanOrEqual(winners)
    })

    test('content of another size or hash than was named is not kept, and leaves nothing', {
      timeout: 180_000,
    }, async () => {
      const { storage, unfinished, partBytes } = await enter()
      const large = randomBytes(2 * partBytes + 1)
      const before = await unfinished?.()
      for (const [bytes, options, reason] of [
        [Buffer.from('abc'), { size: 4 }, 'size_mismatch'],
        [Buffer.from('abc'), { size: 2 }, 'size_mismatch'],
        [Buffer.from('abc'), { sha256: sha256(Buffer.from('abd')) }, 'sha256_mismatch'],
        [large, { size: large.byteLength + 1 }, 'size_mismatch'],
        [large, { sha256: sha256(Buffer.from('abd')) }, 'sha256_mismatch'],
      ] as const) {
        await expect(storage.upload('x', chunks(bytes, partBytes), options)).rejects.toEqual(code('E_INVALID', reason))
        expect(await storage.head('x')).toBeNull()
      }
      expect(await unfinished?.()).toBe(before)
      await storage.upload('x', Buffer.from('abc'), { size: 3, sha256: sha256(Buffer.from('abc')).toUpperCase() })
    })

    test('a source that fails and a call that is ended keep nothing', async () => {
      const { storage, unfinished, partBytes } = await enter()
      const before = await unfinished?.()
      async function* failing() {
        yield randomBytes(partBytes + 1)
        yield randomBytes(partBytes + 1)
        throw new Error('the source broke')
      }
      await expect(storage.upload('x', failing())).rejects.toThrow('the source broke')
      const gone = new AbortController()
      async function* hanging() {
        yield randomBytes(2 * partBytes + 1)
        gone.abort(new Error('gone'))
        await new Promise(() => {})
      }
      await expect(storage.upload('x', hanging(), {}, { signal: gone.signal })).rejects.toEqual(code('E_ABORTED'))
      expect(await storage.head('x')).toBeNull()
      expect(await unfinished?.()).toBe(before)
      await expect(storage.head('x', { signal: gone.signal })).rejects.toEqual(code('E_ABORTED'))
    })

    test('a copy has the content and the type, and replaces what was there', async () => {
      const { storage } = await enter()
      await storage.upload('from', Buffer.from('content'), { contentType: 'text/plain' })
      await storage.upload('to', Buffer.from('other'))
      expect(await storage.copy('from', 'to')).toMatchObject({ key: 'to', size: 7, contentType: 'text/plain' })
      expect(await text(storage, 'to')).toBe('content')
      await storage.delete('from')
      expect([await text(storage, 'from'), await text(storage, 'to')]).toEqual([null, 'content'])
    })

    test('a key may be the beginning of another', async () => {
      const { storage } = await enter()
      for (const key of ['a/b/c', 'a', 'a/b', 'a/b.c']) await storage.upload(key, Buffer.from(key))
      for (const key of ['a/b/c', 'a', 'a/b', 'a/b.c']) expect(await text(storage, key)).toBe(key)
      await storage.delete('a')
      expect(await text(storage, 'a/b/c')).toBe('a/b/c')
    })

    test('odd keys are kept apart and come back as they were', async () => {
      const { storage, maxKeyBytes = 1024 } = await enter()
      const fits = (key: string) => Buffer.byteLength(key) + 39 <= maxKeyBytes && (encodes || key === key.trimEnd())
      const keys = oddKeys.filter(fits)
      for (const key of keys) await storage.upload(key, Buffer.from(key))
      for (const key of keys) expect(await text(storage, key), key).toBe(key)
      if (!lists) return
      const listed: string[] = []
      for (let cursor: string | undefined, page = 0; page === 0 || cursor !== undefined; page++) {
        const { files, next } = await storage.list('', { cursor, limit: encodes ? 5 : 1000 })
        listed.push(...files.map(({ key }) => key))
        cursor = next
      }
      expect(listed.toSorted()).toEqual(keys.toSorted())
    })

    const testLists = lists ? test : none
    testLists('a list has what begins with the prefix, in pages', async () => {
      const { storage } = await enter()
      const keys = ['a-b', 'a/1', 'a/2', 'a/3', 'a/b/4', 'ab', 'b']
      for (const key of keys) await storage.upload(key, Buffer.from(key))
      const all = await storage.list('', { limit: 100 })
      expect(all.files.map(({ key }) => key)).toEqual(keys)
      expect(all.next).toBeUndefined()
      expect(all.files[0]).toMatchObject({ size: 3, etag: expect.stringMatching(/./), modifiedAt: expect.any(Date) })
      expect((await storage.list('a/')).files.map(({ key }) => key)).toEqual(['a/1', 'a/2', 'a/3', 'a/b/4'])
      expect((await storage.list('a/b')).files.map(({ key }) => key)).toEqual(['a/b/4'])
      const first = await storage.list('a/', { limit: 3 })
      const second = await storage.list('a/', { limit: 3, cursor: first.next })
      expect([first.files.length, second.files.map(({ key }) => key), second.next]).toEqual([3, ['a/b/4'], undefined])
      for (const limit of [0, 1001, 1.5]) await expect(storage.list('', { limit })).rejects.toEqual(code('E_INVALID'))
    })

    test.each(badKeys)('the key %j is refused before the store is asked', async (key) => {
      const { storage, root } = await enter()
      const refused = code('E_INVALID', 'invalid_key')
      const calls = [storage, root].flatMap((one) => [
        one.upload(key, Buffer.from('x')),
        one.download(key),
        one.head(key),
        one.delete(key),
        one.copy(key, 'a'),
        one.copy('a', key),
        one.getSignedUrl(key, { method: 'PUT', expiresSeconds: 60 }),
      ])
      for (const call of calls) await expect(call).rejects.toEqual(refused)
      expect(() => storage.within(key)).toThrow(refused)
    })

    test('no key and no prefix leaves the folder', async () => {
      const { root } = await enter()
      const [mine, other] = [randomUUID(), randomUUID()]
      await root.upload(`${other}/secret`, Buffer.from('secret'))
      const storage = root.within(mine)
      for (const key of [`%2e%2e/${other}/secret`, `..%2f${other}/secret`, `..\\${other}\\secret`, `${other}/secret`]) {
        expect(await storage.head(key), key).toBeNull()
      }
      for (const prefix of [`../${other}`, '..', `./../${other}/`, '/']) {
        await expect(storage.list(prefix)).rejects.toEqual(code('E_INVALID', 'invalid_key'))
      }
      if (!lists) return
      expect((await storage.list('')).files).toEqual([])
      expect((await root.within(mine.slice(0, -1)).list('')).files).toEqual([])
    })

    const testUrls = signs ? test : none
    testUrls('a signed URL reads or writes that file alone', async () => {
      const { storage } = await enter()
      await storage.upload('a b/ü.txt', Buffer.from('content'), { contentType: 'text/plain' })
      const read = await storage.getSignedUrl('a b/ü.txt', {
        method: 'GET',
        expiresSeconds: 60,
        downloadName: 'ü "x".txt',
      })
      expect(await (await fetch(read.url)).text()).toBe('content')
      const write = await storage.getSignedUrl('new', {
        method: 'PUT',
        expiresSeconds: 60,
        contentType: 'audio/wav',
        maxBytes: 5,
      })
      const send = (url: string, body: string) => fetch(url, { method: 'PUT', headers: write.headers, body })
      expect((await send(read.url, 'other')).ok).toBe(false)
      expect((await send(forge(write.url), '12345')).ok).toBe(false)
      expect((await send(write.url, '12345')).status).toBe(200)
      expect(await text(storage, 'new')).toBe('12345')
      for (const expiresSeconds of [0, 604_801, 1.5]) {
        await expect(storage.getSignedUrl('a', { method: 'PUT', expiresSeconds })).rejects.toEqual(code('E_INVALID'))
      }
    })
  })
}
