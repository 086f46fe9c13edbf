import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

const requestTimeoutMs = 2_000
let server: TestServer
let url: string
let folder: string
let key: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-upkeep-'))
  server = await openTestServer(undefined, undefined, {
    env: {
      CORE_STORAGE_PROVIDER: 'memory',
      CORE_STORAGE_READ_ALSO: `disk=${folder}`,
      CORE_HTTP_HEADERS_TIMEOUT_MS: '1000',
      CORE_HTTP_REQUEST_TIMEOUT_MS: String(requestTimeoutMs),
    },
  })
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  key = await server.makeKey('smart_layer', ['file:read', 'file:write'])
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const headers = () => ({ authorization: `Bearer ${key}` })
const put = (name: string, body: string) =>
  fetch(`${url}/v1/projects/current/files/${name}/content`, { method: 'PUT', headers: headers(), body })
const trash = () =>
  server.test.sql('select store, name, due_at > clock_timestamp() as waits from core.file_trash order by name desc')

test('objects that cannot be deleted keep no others waiting, whether their store is not configured or fails', async () => {
  await put('sweep-me', 'content')
  await server.send('DELETE', '/v1/projects/current/files/sweep-me', { key })
  // Older, and more than one run takes: of a store that is nowhere, and with names that no store takes.
  await server.test.sql(`
    insert into core.file_trash (object, store, project, name, due_at)
    select gen_random_uuid(), store, 'smart_layer', '../x', clock_timestamp() - interval '1 day'
    from generate_series(1, 120), unnest('{nowhere,memory}'::text[]) store;
    update core.file_trash set due_at = clock_timestamp() where name = 'sweep-me'`)
  await server.runLoop('sweep files')
  expect((await trash()).filter(({ name }) => name === 'sweep-me')).toHaveLength(1)
  await server.runLoop('sweep files')
  const left = await trash()
  expect(left.filter(({ name }) => name === 'sweep-me')).toEqual([])
  expect(left.filter(({ store, waits }) => store === 'memory' && waits)).toHaveLength(120)
  await server.test.sql('delete from core.file_trash')
})

test('files that cannot be moved hide none behind them, and what is replaced meanwhile leaves no copy', async () => {
  await put('z-last', 'content')
  const [row] = await server.test.sql(`select object from core.file where name = 'z-last'`)
  const disk = await server.test.sql(`
    insert into core.file (project, name, object, store, size, content_type, etag)
    select 'smart_layer', 'a-' || lpad(n::text, 3, '0'), gen_random_uuid(), 'nowhere', 1, 'text/plain', 'x' from generate_series(1, 150) n`)
  expect(disk).toEqual([])
  await server.send('PUT', '/v1/flags/providers.storage', { key: server.owner, body: { value: 'disk' } })
  const move = (after?: unknown) =>
    server.send('POST', '/v1/files/move', { key: server.owner, body: after === undefined ? {} : { after } })
  const storeOf = async () => {
    await put('probe', 'x')
    return (await server.test.sql(`select store from core.file where name = 'probe'`))[0]?.['store']
  }
  await expect.poll(storeOf, { timeout: 30_000, interval: 200 }).toBe('disk')
  expect((await move()).body).toEqual({ moved: 0, bytes: 0, missing: 100, next: 'smart_layer/a-100' })
  expect((await move('smart_layer/a-100')).body).toEqual({ moved: 1, bytes: 7, missing: 50, next: null })
  const read = await fetch(`${url}/v1/projects/current/files/z-last/content`, { headers: headers() })
  expect(await read.text()).toBe('content')
  const gone = {
    p_project: 'smart_layer',
    p_object: randomUUID(),
    p_name: 'gone',
    p_store: 'disk',
    p_etag: 'x',
    p_sha256: 'x',
  }
  expect(await server.test.database.rpc('file_moved', gone)).toMatchObject({ moved: false })
  expect((await trash()).filter(({ name }) => name !== 'probe')).toMatchObject([
    { store: 'memory', name: 'z-last', waits: true },
    { store: 'disk', name: 'gone', waits: false },
  ])
  expect(await readdir(join(folder, 'objects', 'smart_layer'))).toContain(row?.['object'])
  await server.test.sql(`delete from core.file where store = 'nowhere'`)
})

test('what a store has is for the control plane to say: a key begins and commits no upload by the functions', async () => {
  const call = (name: string, body: object) =>
    server.send('POST', `/rest/v1/rpc/${name}`, {
      key,
      body,
      idempotencyKey: null,
      headers: { 'content-profile': 'core_api' },
    })
  const { upload } = (await server.send('POST', '/v1/projects/current/uploads', { key, body: { name: 'x', size: 9 } }))
    .body
  // A store without limits of its own would keep what is larger; a hash that is not that of the content would go with it.
  for (const [name, body] of [
    ['file_begin', { p_key: 'k', p_name: 'x', p_size: 1, p_store: 'nowhere' }],
    ['file_commit', { p_upload: upload, p_size: 9, p_etag: 'x', p_sha256: '0'.repeat(64) }],
  ] as const) {
    expect(await call(name, body), name).toMatchObject({ status: 403, body: { code: '42501' } })
  }
  expect(await call('file_get', { p_name: 'x' })).toMatchObject({ status: 404 })
  const [left] = await server.test.sql(`select count(*)::int as n from core.file where name = 'x'`)
  expect(left).toEqual({ n: 0 })
})

test('a body may take longer than other requests, but not stand still, and not outlive its address', {
  timeout: 180_000,
}, async () => {
  const size = 45
  const begin = async (name: string, more = {}) => {
    const { body } = await server.send('POST', '/v1/projects/current/uploads', { key, body: { name, size, ...more } })
    return new URL(String(body['url'])).pathname
  }
  const [kept, signed, late, stalled] = await Promise.all([
    drip('/v1/projects/current/files/slow/content', size),
    drip(await begin('slow-signed'), size),
    drip(await begin('slow-late', { expiresSeconds: 2 }), size),
    drip('/v1/projects/current/files/stalled/content', size, 5),
  ])
  // The check for requests that take too long runs once a second.
  for (const { ms } of [kept, signed]) expect(ms).toBeGreaterThan(requestTimeoutMs + 1_500)
  expect([kept.status, signed.status]).toEqual([200, 204])
  expect([late.status, stalled.status]).toEqual([504, 408])
  const uploads = await server.test.sql(
    `select name, status from core.file_upload where name in ('slow', 'stalled') order by name`,
  )
  expect(uploads).toEqual([
    { name: 'slow', status: 'committed' },
    { name: 'stalled', status: 'ended' },
  ])
})

/** Sends a byte every 100 ms, all of them or as many as named. */
async function drip(path: string, size: number, sends = size): Promise<{ status: number | undefined; ms: number }> {
  const startedAt = performance.now()
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const type = { 'content-type': 'application/octet-stream', 'content-length': size }
  const sending = request(
    `${url}${path}`,
    { method: 'PUT', agent: false, headers: { ...headers(), ...type } },
    (response) => {
      response.resume()
      resolve(response.statusCode)
    },
  )
  sending.on('error', () => resolve(undefined))
  let sent = 0
  const timer = setInterval(() => {
    if (sent < sends) sending.write('x')
    if (++sent === size) sending.end()
  }, 100)
  const status = await promise
  clearInterval(timer)
  sending.destroy()
  return { status, ms: performance.now() - startedAt }
}
