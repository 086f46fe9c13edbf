import { type RouteContract, routes } from '@core/api'
import { uuidv7 } from '@core/foundation'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openTestServer, type Send, type TestServer } from './test-server.ts'

let server: TestServer
let hold: string
const current = '/v1/projects/current'

beforeAll(async () => {
  server = await openTestServer()
  const key = await server.makeKey('smart_layer')
  const { body } = await server.send('POST', `${current}/holds`, {
    key,
    body: { account: 'smart_layer', amount: 100, ttlSeconds: 3600 },
  })
  hold = String(body['hold'])
})
afterAll(() => server[Symbol.asyncDispose]())

/** What the ledger has counted: the same before and after everything in this file. */
const untouched = { granted: 1_000_000_000, settled: 1_000_000_000, held: 100, available: 999_999_900 }

afterEach(async () => {
  expect(await server.audit()).toMatchObject({ ok: true, violations: [] })
  const { body } = await server.send('GET', `${current}/accounts/smart_layer`, { key: server.keys.smart_layer })
  expect(body).toMatchObject(untouched)
})

const post = (path: string, body: unknown, options: Send = {}) =>
  server.send('POST', `${current}${path}`, { key: server.keys.smart_layer, body, ...options })

const badAmounts = [-1, 0, 0.5, 2 ** 53, 1e300, '1', null, true, [], {}] as const

describe.each(['/holds', '/charges'])('%s', (path) => {
  test.each(badAmounts)('the amount %j is refused, with what would be right', async (amount) => {
    expect(await post(path, { account: 'smart_layer', amount })).toMatchObject({
      status: 400,
      body: {
        code: 'invalid',
        errors: [{ location: 'body.amount', fix: expect.stringContaining('9007199254740991') }],
      },
    })
  })

  test('the largest amount there is is understood, and denied', async () => {
    const reply = await post(path, { account: 'smart_layer', amount: Number.MAX_SAFE_INTEGER })
    expect(reply).toMatchObject({ status: 402, body: { code: 'insufficient_credits', available: 999_999_900 } })
  })

  test.each([
    ['smart_layer/none', 404],
    ['manus_origin', 404],
    ['pool', 404],
    ['issuer', 404],
    ['Smart', 400],
    ['a//b', 400],
    ['', 400],
    [7, 400],
  ])('the account %j is answered with %d', async (account, status) => {
    const reply = await post(path, { account, amount: 1 })
    expect(reply.status).toBe(status)
    expect(reply.body['code']).toBe(status === 404 ? 'account_not_found' : 'invalid')
  })

  test('an account of another project and one that is missing are answered alike', async () => {
    const normal = (text: string, account: string) =>
      text.replaceAll(account, 'CODE').replace(/req_[0-9a-f-]{36}/, 'req')
    const [foreign, missing] = await Promise.all(
      ['manus_origin', 'smart_layer/no'].map((account) => post(path, { account, amount: 1 })),
    )
    expect(normal(foreign?.text ?? '', 'manus_origin')).toBe(normal(missing?.text ?? '', 'smart_layer/no'))
  })

  test('metadata above 16 KB is too large; nested beyond reason it is invalid', async () => {
    const big = await post(path, { account: 'smart_layer', amount: 1, metadata: { text: 'x'.repeat(20_000) } })
    expect(big).toMatchObject({ status: 413, body: { code: 'too_large', errors: [{ location: 'body.metadata' }] } })
    const deep = `{"account":"smart_layer","amount":1,"metadata":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`
    expect(await post(path, deep)).toMatchObject({ status: 400, body: { errors: [{ location: 'body.metadata' }] } })
    for (const metadata of [[], 'x', 1, null]) {
      expect(await post(path, { account: 'smart_layer', amount: 1, metadata })).toMatchObject({ status: 400 })
    }
  })

  test('metadata that Postgres cannot store is invalid, not a fault of the server', async () => {
    for (const text of ['"\\u0000"', '"\\ud800"']) {
      const reply = await post(path, `{"account":"smart_layer","amount":1,"metadata":{"a":${text}}}`)
      expect(reply).toMatchObject({ status: 400, body: { code: 'invalid' } })
    }
  })

  test('an unknown field is refused with the one that was meant', async () => {
    expect(await post(path, { account: 'smart_layer', amount: 1, Metadata: {} })).toMatchObject({
      status: 400,
      body: { errors: [{ location: 'body.Metadata', message: 'unknown field', fix: 'Did you mean metadata?' }] },
    })
  })
})

test.each([
  [{ min: 0 }, 'body.min'],
  [{ min: 2 }, 'body.min'],
  [{ ttlSeconds: 0 }, 'body.ttlSeconds'],
  [{ ttlSeconds: 86_401 }, 'body.ttlSeconds'],
  [{ ttlSeconds: 1.5 }, 'body.ttlSeconds'],
  [{ over: 'whatever' }, 'body.over'],
  [{ hold: 'not-a-uuid' }, 'body.hold'],
])('a reserve with %j is refused at %s', async (fields, location) => {
  const reply = await post('/holds', { account: 'smart_layer', amount: 1, ...fields })
  expect(reply).toMatchObject({ status: 400, body: { errors: [{ location }] } })
})

test.each(badAmounts.filter((amount) => amount !== 0))('settling %j is refused', async (amount) => {
  const reply = await post(`/holds/${hold}/settle`, { amount })
  expect(reply).toMatchObject({ status: 400, body: { errors: [{ location: 'body.amount' }] } })
})

test.each(['settle', 'void'])('%s of a hold that is missing, foreign or no id at all', async (verb) => {
  const missing = await post(`/holds/${uuidv7()}/${verb}`, {})
  expect(missing).toMatchObject({ status: 404, body: { code: 'not_found' } })
  const foreign = await post(`/holds/${hold}/${verb}`, {}, { key: server.keys.manus_origin })
  expect(foreign).toMatchObject({ status: 404, body: { code: 'not_found' } })
  expect(await post(`/holds/7/${verb}`, {})).toMatchObject({ status: 400, body: { errors: [{ location: 'path.id' }] } })
})

test.each(badAmounts)('granting %j is refused', async (amount) => {
  const reply = await server.send('POST', '/v1/projects/pool/grants', {
    key: server.owner,
    body: { account: 'pool', amount },
  })
  expect(reply).toMatchObject({ status: 400, body: { errors: [{ location: 'body.amount' }] } })
})

test('more than an account can ever hold is refused', async () => {
  const body = { account: 'pool', amount: Number.MAX_SAFE_INTEGER }
  const reply = await server.send('POST', '/v1/projects/pool/grants', { key: server.owner, body })
  expect(reply).toMatchObject({ status: 400, body: { errors: [{ location: 'body.amount' }] } })
})

test.each([
  [{ limit: -1 }, 'body.limit'],
  [{ limit: 0.5 }, 'body.limit'],
  [{ period: 'year' }, 'body.period'],
  [{ timeZone: 'Mars/Olympus' }, 'body.timeZone'],
  [{ limit: null }, 'body.limit'],
  [{ alertBasisPoints: [0] }, 'body.alertBasisPoints.0'],
])('a budget with %j is refused at %s', async (fields, location) => {
  const path = '/v1/projects/smart_layer/accounts/smart_layer/budgets/daily'
  const reply = await server.send('PUT', path, { key: server.owner, body: { period: 'day', limit: 5, ...fields } })
  expect(reply).toMatchObject({ status: 400, body: { errors: [{ location }] } })
})

test.each(['limit=0', 'limit=1001', 'limit=1.5', 'limit=', 'limit=1&limit=2', 'cursor=', 'limt=1', 'at=yesterday'])(
  'the query %s is refused',
  async (query) => {
    const path = query.startsWith('at') ? '/accounts/smart_layer/balance' : '/accounts/smart_layer/history'
    const reply = await server.send('GET', `${current}${path}?${query}`, { key: server.keys.smart_layer })
    expect(reply).toMatchObject({ status: 400, body: { code: 'invalid' } })
  },
)

const all: readonly RouteContract[] = routes
const posts = all.filter(
  ({ method, isReadOnly, idempotencyKey }) => method === 'POST' && !isReadOnly && idempotencyKey === 'required',
)

test.each(posts.map((route) => [route.operation, route] as const))(
  '%s needs an Idempotency-Key of 1 to 200 characters',
  async (_, route) => {
    const [example] = route.examples
    const path = route.path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) =>
      name === 'project' ? 'smart_layer' : uuidv7(),
    )
    const send = (idempotencyKey: string | null) =>
      server.send('POST', path, { key: server.owner, body: example?.body ?? {}, idempotencyKey })
    for (const bad of [null, '', ' ', 'x'.repeat(201), 'schlüssel']) {
      expect(await send(bad)).toMatchObject({
        status: 400,
        body: {
          code: 'invalid',
          errors: [{ location: 'header.Idempotency-Key', fix: expect.stringContaining('retry') }],
        },
      })
    }
  },
)

test('a key of the ledger itself cannot be taken', async () => {
  const reply = await post('/charges', { account: 'smart_layer', amount: 1 }, { idempotencyKey: 'core:expire:x' })
  expect(reply).toMatchObject({ status: 400, body: { errors: [{ location: 'header.Idempotency-Key' }] } })
})

test.each([
  ['{"account":"smart_layer","amount":1,"metadata":{"a":[{"__proto__":null}]}}', 'body.metadata.a.0.__proto__'],
  ['{"account":"smart_layer","amount":1,"__proto__":{}}', 'body.__proto__'],
  ['{"account":"smart_layer","amount":1,"metadata":{"a":"x\\u0000"}}', 'body.metadata.a'],
  ['{"account":"smart_layer","amount":1,"metadata":{"a":"\\ud83d"}}', 'body.metadata.a'],
  ['{"account":"smart_layer","amount":1,"metadata":{"id":12345678901234567890}}', 'body.metadata.id'],
  ['{"account":"smart_layer","amount":1,"metadata":{"id":1e400}}', 'body.metadata.id'],
])('%s is refused at %s', async (text, location) => {
  expect(await post('/charges', text)).toMatchObject({ status: 400, body: { code: 'invalid', errors: [{ location }] } })
})

describe('bodies', () => {
  const body = '{"account":"smart_layer","amount":1}'

  test.each([
    '{',
    '',
    'null',
    '[]',
    '"x"',
    '7',
    '{"account":"smart_layer","amount":1}x',
    '{"__proto__":{"a":1}}',
    "{'a':1}",
  ])('the body %j is refused', async (junk) => {
    expect(await post('/charges', junk)).toMatchObject({ status: 400, body: { code: 'invalid' } })
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=latin1',
    'application/jsonx',
    'application/json-patch+json',
    'application/json, text/plain',
    'application/json;x=y',
    'text/plain; application/json',
    '',
  ])('the media type %j is refused', async (type) => {
    const reply = await post('/charges', body, { headers: { 'content-type': type } })
    expect(reply).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } })
  })

  test('a compressed body is refused before it is read', async () => {
    const reply = await post('/charges', body, { headers: { 'content-encoding': 'gzip' } })
    expect(reply).toMatchObject({ status: 415 })
  })

  test('256 KB is the limit', async () => {
    const reply = await post(
      '/charges',
      JSON.stringify({ account: 'smart_layer', amount: 1, metadata: { a: 'x'.repeat(270_000) } }),
    )
    expect(reply).toMatchObject({ status: 413, body: { code: 'too_large', type: '/problems/too_large' } })
  })

  test('no answer shows where it came from', async () => {
    const replies = [await post('/charges', '{'), await post('/charges', {}), await post('/nowhere', {})]
    for (const { text } of replies) expect(text).not.toMatch(/node_modules|\.ts:|at .*\(|stack|zod|fastify/i)
  })
})

test.each(['%', '%ff', `${'a'.repeat(2000)}`, '%00'])('the address …/accounts/%s is refused', async (code) => {
  const reply = await server.send('GET', `${current}/accounts/${code}`, { key: server.keys.smart_layer })
  expect(reply).toMatchObject({ status: 400, body: { code: 'invalid' } })
})

test('the owner must name a project', async () => {
  const reply = await server.send('GET', `${current}/accounts`, { key: server.owner })
  expect(reply).toMatchObject({ status: 400, body: { errors: [{ location: 'path.project' }] } })
})

test.each([
  ['{"account":"smart_layer","amount":1,"amount":2}', 'body.amount'],
  ['{"account":"smart_layer","amount":1,"metadata":{"a":[{"b":1,"\\u0062":2}]}}', 'body.metadata.a.0.b'],
])('a name that is there twice is refused with its place: %s', async (body, location) => {
  expect(await post('/charges', body)).toMatchObject({ status: 400, body: { code: 'invalid', errors: [{ location }] } })
})

test('a body that is not UTF-8 is refused, not changed', async () => {
  const payload = Buffer.from('{"account":"smart_layer","amount":1,"metadata":{"a":"\xff"}}', 'latin1')
  const reply = await server.app.inject({
    method: 'POST',
    url: `${current}/charges`,
    headers: {
      authorization: `Bearer ${server.keys.smart_layer}`,
      'idempotency-key': uuidv7(),
      'content-type': 'application/json',
    },
    payload,
  })
  expect(reply.statusCode).toBe(400)
  expect(reply.json()).toMatchObject({ code: 'invalid', detail: 'the body is not valid UTF-8' })
})
