import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@core/config'
import { createMemoryDriver, createStorage, createUrlSigner, openStorage } from '@core/providers/storage'
import { startFakeS3 } from '@core/providers/testing'
import { afterAll, expect, test } from 'vitest'

const folder = await mkdtemp(join(tmpdir(), 'core-storage-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const keys = { accessKeyId: 'AKIA-TEST', secretAccessKey: 'canary-secret-of-s3' }
const s3Env = { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey }
const text = async (file: { stream: ReadableStream<Uint8Array> } | null) =>
  file === null ? null : await new Response(file.stream).text()

test('after a switch of the store reads fall back, writes do not, and a deleted file does not come back', async () => {
  const stores = [createMemoryDriver(), { ...createMemoryDriver(), name: 'disk' }]
  let chosen = 'memory'
  const storage = createStorage({ stores, flags: { get: () => chosen } })
  for (const key of ['a', 'b', 'c']) await storage.upload(key, Buffer.from(`${key}1`))
  chosen = 'disk'
  await storage.upload('b', Buffer.from('b2'))
  expect([await text(await storage.download('a')), await text(await storage.download('b'))]).toEqual(['a1', 'b2'])
  await expect(storage.upload('a', Buffer.from('x'), { ifAbsent: true })).rejects.toMatchObject({ code: 'E_CONFLICT' })
  expect(await storage.copy('a', 'd')).toMatchObject({ key: 'd', size: 2 })
  const listed: string[] = []
  for (let cursor: string | undefined, page = 0; page === 0 || cursor !== undefined; page++) {
    const { files, next } = await storage.list('', { limit: 2, cursor })
    listed.push(...files.map(({ key }) => key))
    cursor = next
  }
  expect(listed).toEqual(['b', 'd', 'a', 'c'])
  await storage.delete('b')
  expect(await storage.head('b')).toBeNull()
  chosen = 'no such store'
  expect(await text(await storage.download('d'))).toBe('a1')
})

test('the environment chooses the stores', async () => {
  await using fake = await startFakeS3(keys)
  const env = {
    CORE_STORAGE_PROVIDER: 's3',
    CORE_STORAGE_URL: `${fake.url}/files`,
    CORE_STORAGE_READ_ALSO: `disk=${join(folder, 'old')},memory`,
    ...s3Env,
  }
  const { storage: config } = loadConfig({ env, cwd: folder })
  expect(JSON.stringify(config)).not.toContain('canary')
  const storage = await openStorage({ config, dataDir: folder })
  await storage.upload('a', Buffer.from('x'))
  expect([...fake.shelf.files.keys()]).toEqual(['a'])
  expect(() => loadConfig({ env: { CORE_STORAGE_PROVIDER: 'floppy' }, cwd: folder })).toThrow('CORE_STORAGE_PROVIDER')
  expect(() => loadConfig({ env: { CORE_STORAGE_READ_ALSO: 'floppy' }, cwd: folder })).toThrow('CORE_STORAGE_READ_ALSO')
  const missing = loadConfig({ env: { CORE_STORAGE_PROVIDER: 's3', CORE_STORAGE_URL: fake.url }, cwd: folder })
  await expect(openStorage({ config: missing.storage, dataDir: folder })).rejects.toMatchObject({
    code: 'E_CONFIG_INVALID',
    fix: expect.stringContaining('AWS_ACCESS_KEY_ID'),
  })
  // Its files would be looked for in one of the two folders.
  for (const [wrong, fix] of [
    [{ CORE_STORAGE_READ_ALSO: 'disk=old' }, 'READ_ALSO'],
    [{ CORE_STORAGE_READ_ALSO: 'memory,memory' }, 'READ_ALSO'],
    [{ CORE_STORAGE_PROVIDER: 's3', CORE_STORAGE_URL: 'files', ...s3Env }, 'CORE_STORAGE_URL'],
    [{ CORE_STORAGE_PROVIDER: 'supabase', CORE_STORAGE_URL: 'files' }, 'CORE_STORAGE_URL'],
  ] as const) {
    const { storage } = loadConfig({ env: wrong, cwd: folder })
    await expect(openStorage({ config: storage, dataDir: folder }), JSON.stringify(wrong)).rejects.toMatchObject({
      code: 'E_CONFIG_INVALID',
      fix: expect.stringContaining(fix),
    })
  }
})

test('four parts travel at once, no more, and one that fails is sent again', async () => {
  const memory = createMemoryDriver()
  const waiting: (() => void)[] = []
  let failures = 2
  const storage = createStorage({
    partBytes: 10,
    stores: [
      {
        ...memory,
        async openParts(...given) {
          const writer = await memory.openParts(...given)
          return {
            ...writer,
            async write(number, bytes, signal) {
              if (failures-- > 0) throw Object.assign(new Error('down'), { status: 503 })
              // None is answered until four wait.
              await new Promise<void>((resolve) => {
                if (waiting.push(resolve) === 4) for (const answer of waiting.splice(0)) answer()
              })
              expect(waiting.length).toBeLessThan(4)
              await writer.write(number, bytes, signal)
            },
          }
        },
      },
    ],
  })
  const bytes = Buffer.from(Array.from({ length: 80 }, (_, index) => index))
  await storage.upload('large', new Blob([bytes]))
  const file = await storage.download('large')
  expect(Buffer.from(await new Response(file?.stream).arrayBuffer()).equals(bytes)).toBe(true)
})

test('a failure of a store has a code and no key, token or address', async () => {
  await using fake = await startFakeS3({ ...keys, secretAccessKey: 'another' })
  const env = { CORE_STORAGE_PROVIDER: 's3', CORE_STORAGE_URL: `${fake.url}/files`, ...s3Env }
  const { storage: config } = loadConfig({ env, cwd: folder })
  const storage = await openStorage({ config, dataDir: folder })
  const failure = await storage.upload('a', Buffer.from('x')).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'E_PROVIDER', retryable: false, details: { reason: 'auth', status: 403 } })
  expect(failure).not.toHaveProperty('cause')
  expect(JSON.stringify([failure, String(failure), Object(failure).stack])).not.toMatch(/canary|AKIA|Signature=/)
})

test('a signed address says nothing without the key, and no other key or time takes it', () => {
  let now = 1_000_000
  const sealer = (fill: number) => Buffer.alloc(32, fill).toString('base64')
  const signer = createUrlSigner({ baseUrl: 'https://core.example/core/', sealer: sealer(1), now: () => now })
  const { url } = signer.sign('disk', 'project/secret-name', { method: 'GET', expiresSeconds: 60 })
  const [, token = ''] = /^https:\/\/core\.example\/core\/v1\/storage\/([\w.-]+)$/.exec(url) ?? []
  expect(Buffer.from(token.split('.')[2] ?? '', 'base64url').toString('latin1')).not.toContain('secret')
  expect(signer.read(token)).toMatchObject({ store: 'disk', key: 'project/secret-name', method: 'GET' })
  const other = createUrlSigner({ baseUrl: '', sealer: sealer(2), now: () => now })
  const refused = expect.objectContaining({ code: 'E_FORBIDDEN', details: { reason: 'signed_url' } })
  expect(() => other.read(token)).toThrow(refused)
  for (const bad of ['', 'x', `${token}A`, token.slice(1)]) expect(() => signer.read(bad)).toThrow(refused)
  now += 60_000
  expect(() => signer.read(token)).toThrow(refused)
})
