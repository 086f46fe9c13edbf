import { isApiKey } from '@core/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
const keys = '/v1/projects/smart_layer/api-keys'

beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const me = (key: unknown) => server.send('GET', '/v1/me', { key: String(key) })

test('a key is shown when it is made, and works at once', async () => {
  const made = await server.send('POST', keys, { key: server.owner, body: { name: 'worker', scopes: ['ledger:read'] } })
  expect(made).toMatchObject({
    status: 201,
    body: { project: 'smart_layer', name: 'worker', scopes: ['ledger:read'], status: 'active', replayed: false },
  })
  expect(isApiKey(String(made.body['secret']))).toBe(true)
  expect(await me(made.body['secret'])).toMatchObject({
    status: 200,
    body: { subject: `key:${made.body['id']}`, project: 'smart_layer', scopes: ['ledger:read'], expiresAt: null },
  })
})

test('a key is found by its id, as the list shows it; another project finds none', async () => {
  const made = await server.send('POST', keys, { key: server.owner, body: { name: 'found' } })
  const listed = await server.send('GET', keys, { key: server.owner })
  const [row] = [listed.body['data']].flat().filter((key) => Object(key).id === made.body['id'])
  const found = await server.send('GET', `${keys}/${made.body['id']}`, { key: server.owner })
  expect([found.status, found.body]).toEqual([200, row])
  const other = await server.makeKey('manus_origin', ['key:read'])
  expect(await server.send('GET', `/v1/projects/current/api-keys/${made.body['id']}`, { key: other })).toMatchObject({
    status: 404,
    body: { code: 'not_found' },
  })
})

test('the database holds no key, only hashes', async () => {
  const made = await server.send('POST', keys, { key: server.owner, body: { name: 'dumped' } })
  const dump = JSON.stringify(await server.test.sql('select * from core.api_key'))
  expect(dump).toContain(String(made.body['hint']))
  expect(dump).not.toContain(String(made.body['secret']))
})

test('a retry makes no second key, and cannot show the first again', async () => {
  const make = { key: server.owner, body: { name: 'once' }, idempotencyKey: 'make-once' }
  const first = await server.send('POST', keys, make)
  const again = await server.send('POST', keys, make)
  expect(again).toMatchObject({ status: 201, body: { id: first.body['id'], secret: null, replayed: true } })
  expect(again.headers).toHaveProperty('idempotency-replayed', 'true')
  const other = await server.send('POST', keys, { ...make, body: { name: 'twice' } })
  expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch', fields: ['name'] } })
})

test('a key grants at most what it has, when it makes a key and when it rerolls one', async () => {
  const maker = await server.makeKey('smart_layer', ['key:read', 'key:write', 'ledger:read'])
  const make = (scopes?: string[]) =>
    server.send('POST', keys, { key: maker, body: { name: 'sub', ...(scopes && { scopes }) } })
  expect(await make(['ledger:read'])).toMatchObject({ status: 201 })
  expect(await make(['ledger:read', 'ledger:spend'])).toMatchObject({
    status: 403,
    body: { code: 'forbidden', reason: 'caps_exceed_own', caps: ['ledger:spend'] },
  })
  expect(await make()).toMatchObject({ status: 403 })
  const strong = await server.send('POST', keys, { key: server.owner, body: { name: 'strong' } })
  const reroll = await server.send('POST', `${keys}/${strong.body['id']}/reroll`, { key: maker })
  expect(reroll).toMatchObject({ status: 403, body: { reason: 'caps_exceed_own' } })
})

test('a reroll gives a new key with the same rights; both work in the overlap, and only once', async () => {
  const old = await server.send('POST', keys, { key: server.owner, body: { name: 'rolled', scopes: ['ledger:read'] } })
  const address = `${keys}/${old.body['id']}/reroll`
  const reroll = { key: server.owner, body: { overlapSeconds: 60 }, idempotencyKey: 'roll-1' }
  const fresh = await server.send('POST', address, reroll)
  expect(fresh).toMatchObject({
    status: 201,
    body: { name: 'rolled', scopes: ['ledger:read'], replaces: old.body['id'], overlapEndsAt: expect.any(String) },
  })
  expect(await me(old.body['secret'])).toMatchObject({ status: 200 })
  expect(await me(fresh.body['secret'])).toMatchObject({ status: 200 })
  expect(await server.send('POST', address, reroll)).toMatchObject({
    status: 201,
    body: { secret: null, replayed: true },
  })
  const second = await server.send('POST', address, { ...reroll, idempotencyKey: 'roll-2' })
  expect(second).toMatchObject({ status: 409, body: { code: 'conflict', reason: 'key_not_active' } })
})

test('a reroll without overlap ends the old key', async () => {
  const old = await server.send('POST', keys, { key: server.owner, body: { name: 'leaked' } })
  await server.send('POST', `${keys}/${old.body['id']}/reroll`, { key: server.owner, body: { overlapSeconds: 0 } })
  expect(await me(old.body['secret'])).toMatchObject({ status: 401, body: { reason: 'key_expired' } })
})

test('a revoked key is refused, and revoking again changes nothing', async () => {
  const made = await server.send('POST', keys, { key: server.owner, body: { name: 'revoked' } })
  const revoked = await server.send('DELETE', `${keys}/${made.body['id']}`, { key: server.owner })
  expect(revoked).toMatchObject({ status: 200, body: { status: 'disabled', disabledAt: expect.any(String) } })
  expect(await me(made.body['secret'])).toMatchObject({
    status: 401,
    body: { code: 'unauthenticated', reason: 'key_disabled' },
  })
  const again = await server.send('DELETE', `${keys}/${made.body['id']}`, { key: server.owner })
  expect(again.body['disabledAt']).toBe(revoked.body['disabledAt'])
})

test('an expired key is refused', async () => {
  const expiresAt = new Date(Date.now() + 300).toISOString()
  const made = await server.send('POST', keys, { key: server.owner, body: { name: 'brief', expiresAt } })
  expect(await me(made.body['secret'])).toMatchObject({ status: 200 })
  await expect.poll(() => me(made.body['secret']), { timeout: 30_000 }).toMatchObject({ status: 401 })
  const past = { name: 'past', expiresAt: '2020-01-01T00:00:00Z' }
  expect(await server.send('POST', keys, { key: server.owner, body: past })).toMatchObject({ status: 400 })
})

test("another project's keys do not exist", async () => {
  const made = await server.send('POST', keys, { key: server.owner, body: { name: 'foreign' } })
  const other = await server.makeKey('manus_origin', ['key:read', 'key:write'])
  const missing = '019ab2c4-0000-7000-8000-000000000000'
  for (const method of ['DELETE', 'POST'] as const) {
    const end = method === 'POST' ? '/reroll' : ''
    const [foreign, none] = await Promise.all(
      [made.body['id'], missing].map((id) =>
        server.send(method, `/v1/projects/current/api-keys/${id}${end}`, { key: other }),
      ),
    )
    expect(foreign?.status).toBe(404)
    const strip = (text: string | undefined) => text?.replace(/req_[0-9a-f-]{36}/, 'req')
    expect(strip(foreign?.text)).toBe(strip(none?.text))
  }
})

test('keys are listed page by page', async () => {
  const all: unknown[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const { body } = await server.send('GET', `${keys}?limit=3${cursor && `&cursor=${cursor}`}`, { key: server.owner })
    const { data, page } = body as { data: { id: string }[]; page: { next: string | null } }
    all.push(...data.map(({ id }) => id))
    cursor = page.next
  }
  const [{ count } = {}] = await server.test.sql(`select count(*)::int from core.api_key where project = 'smart_layer'`)
  expect(new Set(all).size).toBe(count)
  expect(all).toHaveLength(Number(count))
})
