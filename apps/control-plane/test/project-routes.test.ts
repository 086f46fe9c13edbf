import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const names = (body: Record<string, unknown>) => (body['data'] as { name: string }[]).map(({ name }) => name)

test('the owner registers a project and sees all; a key sees its own', async () => {
  const body = { version: '1.0', capabilities: ['chat'], endpoints: { api_base: 'http://x' }, metadata: { a_b: 1 } }
  const made = await server.send('PUT', '/v1/projects/third', { key: server.owner, body })
  expect(made).toMatchObject({ status: 200, body: { name: 'third', ...body } })
  const all = await server.send('GET', '/v1/projects', { key: server.owner })
  expect(names(all.body)).toEqual(['manus_origin', 'smart_layer', 'third'])
  const own = await server.send('GET', '/v1/projects', { key: server.keys.smart_layer })
  expect(names(own.body)).toEqual(['smart_layer'])
})

test('a project is created once; the same key is answered again, another name for it refused', async () => {
  const create = (body: object, more: object = {}) =>
    server.send('POST', '/v1/projects', { key: server.owner, body, ...more })
  const once = { idempotencyKey: 'makes-fourth' }
  const made = await create({ name: 'fourth', version: '1' }, once)
  expect(made).toMatchObject({ status: 201, body: { name: 'fourth', version: '1', replayed: false } })
  expect(await create({ name: 'fourth', version: '2' })).toMatchObject({
    status: 409,
    body: { code: 'conflict', reason: 'project_exists' },
  })
  await server.send('PATCH', '/v1/projects/fourth', { key: server.owner, body: { version: '3' } })
  expect((await create({ name: 'fourth', version: '1' }, once)).body).toEqual({ ...made.body, replayed: true })
  expect(await create({ name: 'fifth' }, once)).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch' } })
  expect(await create({ name: 'core_api' })).toMatchObject({ status: 400, body: { code: 'invalid' } })

  const key = await server.makeKey('smart_layer', ['project:read', 'project:write'])
  const foreign = await create({ name: 'sixth' }, { key })
  const existing = await create({ name: 'manus_origin' }, { key })
  expect(foreign.status).toBe(404)
  expect(foreign.text.replace(/req_[0-9a-f-]{36}/, '')).toBe(existing.text.replace(/req_[0-9a-f-]{36}/, ''))
  expect(await create({ name: 'smart_layer' }, { key })).toMatchObject({ status: 409 })
})

test('of many who create a project at once one does', async () => {
  const replies = await Promise.all(
    Array.from({ length: 6 }, () =>
      server.send('POST', '/v1/projects', { key: server.owner, body: { name: 'seventh' } }),
    ),
  )
  expect(replies.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409])
})

test('a project that may says new things of itself, and keeps what it leaves out', async () => {
  const key = await server.makeKey('smart_layer', ['project:read', 'project:write'])
  await server.send('PUT', '/v1/projects/current', { key, body: { version: '2', capabilities: ['a'] } })
  const reply = await server.send('PUT', '/v1/projects/smart_layer', { key, body: { version: '3' } })
  expect(reply).toMatchObject({ status: 200, body: { version: '3', capabilities: ['a'] } })
})

test.each(['public', 'core_api', 'pool!', 'Upper', 'a'.repeat(49)])('%s cannot be a project', async (name) => {
  const reply = await server.send('PUT', `/v1/projects/${encodeURIComponent(name)}`, { key: server.owner, body: {} })
  expect(reply).toMatchObject({ status: 400, body: { code: 'invalid' } })
})

test('the owner overrides a flag for all projects; what a project sets itself is kept beside it', async () => {
  const set = (path: string, value: number, key = server.owner) =>
    server.send('PUT', `${path}/shared`, { key, body: { value } })
  const clear = (path: string) => server.send('DELETE', `${path}/shared`, { key: server.owner })
  expect(await set('/v1/flags', 1)).toMatchObject({ status: 200, body: { changed: true } })
  await set('/v1/projects/smart_layer/flags', 2)
  const seen = async (path: string, key: string) => {
    const { body } = await server.send('GET', path, { key })
    return (body['data'] as { name: string; project: string | null; value: unknown }[])
      .filter(({ name }) => name === 'shared')
      .map(({ project, value }) => [project, value])
  }
  const both = [
    [null, 1],
    ['smart_layer', 2],
  ]
  expect(await seen('/v1/projects/current/flags', server.keys.smart_layer)).toEqual(both)
  expect(await seen('/v1/projects/current/flags', server.keys.manus_origin)).toEqual([[null, 1]])
  expect(await seen('/v1/flags', server.owner)).toEqual(both)

  const strong = await server.makeKey('smart_layer', ['flag:read', 'flag:write'])
  expect(await set('/v1/flags', 3, strong)).toMatchObject({ status: 404 })
  expect(await server.send('GET', '/v1/flags', { key: strong })).toMatchObject({ status: 404 })
  expect(await clear('/v1/flags')).toMatchObject({ body: { changed: true, etag: null } })
  expect(await seen('/v1/flags', server.owner)).toEqual([['smart_layer', 2]])
  await clear('/v1/projects/smart_layer/flags')
})

test('flags are set for a project, listed, and cleared', async () => {
  const address = '/v1/projects/smart_layer/flags'
  const set = (body: object, name = 'router.order') =>
    server.send('PUT', `${address}/${name}`, { key: server.owner, body })
  const clear = () => server.send('DELETE', `${address}/router.order`, { key: server.owner })
  expect(await set({ value: { by_health: [1, null] }, rolloutBasisPoints: 2500 })).toMatchObject({
    status: 200,
    body: { name: 'router.order', changed: true },
  })
  expect(await set({ value: { by_health: [1, null] }, rolloutBasisPoints: 2500 })).toMatchObject({
    body: { changed: false },
  })
  const listed = await server.send('GET', '/v1/projects/current/flags', { key: server.keys.smart_layer })
  expect(listed.body['data']).toEqual([
    expect.objectContaining({ name: 'router.order', value: { by_health: [1, null] }, rolloutBasisPoints: 2500 }),
  ])
  expect(await clear()).toMatchObject({ status: 200, body: { changed: true } })
  expect((await server.send('GET', address, { key: server.owner })).body['data']).toEqual([])
  expect(await set({})).toMatchObject({ status: 400 })
  expect(await set({ value: 1 }, 'x'.repeat(200))).toMatchObject({ status: 400 })
  expect(await server.send('PUT', `${address}/a`, { key: server.keys.smart_layer, body: { value: 1 } })).toMatchObject({
    status: 403,
  })
})
