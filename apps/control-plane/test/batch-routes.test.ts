import { uuidv7 } from '@core/foundation'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
const path = '/v1/projects/current/batches'

beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())
afterEach(async () => {
  expect(await server.audit()).toMatchObject({ ok: true, violations: [] })
})

const send = (body: object, idempotencyKey: string = uuidv7(), key: string = server.keys.smart_layer) =>
  server.send('POST', path, { key, body, idempotencyKey })
const balance = async (account = 'smart_layer') => {
  const { body } = await server.send('GET', `/v1/projects/${account}/accounts/${account}/balance`, {
    key: server.owner,
  })
  return body
}

test('each operation has its result, in order and in the words of its own route', async () => {
  const hold = uuidv7()
  const reply = await send({
    ops: [
      { op: 'reserve', account: 'smart_layer', amount: 50, hold, ttlSeconds: 60 },
      { op: 'extend', hold, add: 10, ttlSeconds: 600 },
      { op: 'capture', hold, amount: 20 },
      { op: 'settle', hold, amount: 5 },
      { op: 'void', hold },
      { op: 'charge', account: 'smart_layer', amount: 9_000_000_000 },
      { op: 'charge', account: 'smart_layer/none', amount: 1 },
      { op: 'charge', account: 'manus_origin', amount: 1 },
      { op: 'settle', hold: uuidv7() },
      { op: 'grant', account: 'smart_layer', amount: 1 },
      { op: 'charge', account: 'smart_layer', amount: 1, key: 'core:mine' },
      { op: 'transfer', from: 'smart_layer', to: 'manus_origin', amount: 1 },
    ],
  })
  expect(reply.status).toBe(200)
  expect(reply.body['results']).toMatchObject([
    { ok: true, hold, granted: 50, expiresAt: expect.any(String), replayed: false },
    { ok: true, granted: 10, amount: 60 },
    { ok: true, charged: 20, rest: 40 },
    { ok: true, charged: 5, released: 35 },
    { ok: false, code: 'hold_closed', holdStatus: 'settled' },
    { ok: false, code: 'insufficient_credits', requested: 9_000_000_000 },
    { ok: false, code: 'account_not_found', detail: 'there is no account smart_layer/none' },
    { ok: false, code: 'account_not_found', detail: 'there is no account manus_origin' },
    { ok: false, code: 'not_found', reason: 'hold_not_found' },
    { ok: false, code: 'forbidden', reason: 'forbidden_capability', scope: 'ledger:grant', capability: 'ledger:grant' },
    { ok: false, code: 'invalid', errors: [{ location: 'body.ops.10.key' }] },
    { ok: false, code: 'account_not_found', account: 'manus_origin' },
  ])
})

test('the same request again does nothing twice, with keys of its own or without', async () => {
  const before = Number((await balance())['available'])
  const ops = [
    { op: 'charge', account: 'smart_layer', amount: 3 },
    { op: 'charge', account: 'smart_layer', amount: 4, key: 'four' },
  ]
  expect(await send({ ops }, 'twice')).toMatchObject({ body: { results: [{ replayed: false }, { replayed: false }] } })
  expect(await send({ ops }, 'twice')).toMatchObject({ body: { results: [{ replayed: true }, { replayed: true }] } })
  const other = [{ op: 'charge', account: 'smart_layer', amount: 5, key: 'four' }]
  expect(await send({ ops: other })).toMatchObject({
    status: 200,
    body: { results: [{ ok: false, code: 'idempotency_mismatch', fields: ['amount'] }] },
  })
  expect((await balance())['available']).toBe(before - 7)
})

test('atomic is all or nothing, and names the one that failed', async () => {
  const before = await balance()
  const good = { op: 'charge', account: 'smart_layer', amount: 3 }
  const refused = await send({ atomic: true, ops: [good, { ...good, amount: 9_000_000_000 }] })
  expect(refused).toMatchObject({
    status: 409,
    body: {
      code: 'batch_denied',
      results: [
        { ok: false, code: 'not_applied' },
        { ok: false, code: 'insufficient_credits' },
      ],
    },
  })
  expect(await balance()).toMatchObject({ settled: before['settled'], available: before['available'] })
  expect(await send({ atomic: true, ops: [good, good] })).toMatchObject({
    body: { results: [{ ok: true }, { ok: true }] },
  })
})

test.each([
  [{ ops: [] }, 'body.ops'],
  [{ ops: 7 }, 'body.ops'],
  [{ ops: [{ op: 'steal' }] }, 'body.ops.0.op'],
  [{ ops: [{ op: 'charge', account: 'smart_layer', amount: 0 }] }, 'body.ops.0.amount'],
  [{ ops: [{ op: 'charge', account: 'smart_layer', amount: 1, ttl_s: 1 }] }, 'body.ops.0.ttl_s'],
])('the batch %j is refused whole at %s', async (body, location) => {
  expect(await send(body)).toMatchObject({ status: 400, body: { code: 'invalid', errors: [{ location }] } })
})

test('a fault in an operation says what would be right', async () => {
  const op = { op: 'reserve', account: 'smart_layer', amount: 1 }
  expect(await send({ ops: [{ ...op, ttlSecond: 5 }] })).toMatchObject({
    body: { errors: [{ location: 'body.ops.0.ttlSecond', fix: 'Did you mean ttlSeconds?' }] },
  })
  expect(await send({ ops: [op, { ...op, ttlSeconds: 0 }] })).toMatchObject({
    body: { errors: [{ location: 'body.ops.1.ttlSeconds', fix: expect.stringContaining('86400') }] },
  })
})

test('a thousand operations fit, one more does not', async () => {
  const ops = Array.from({ length: 1000 }, () => ({ op: 'charge', account: 'smart_layer', amount: 1 }))
  const reply = await send({ ops })
  expect(reply.status).toBe(200)
  expect(reply.body['results']).toHaveLength(1000)
  expect(await send({ ops: [...ops, ops[0]] })).toMatchObject({
    status: 400,
    body: { errors: [{ location: 'body.ops' }] },
  })
})

test('a key too long to derive others from is refused before anything happens', async () => {
  const op = { op: 'charge', account: 'smart_layer', amount: 1 }
  const long = 'k'.repeat(199)
  expect(await send({ ops: [op] }, long)).toMatchObject({
    status: 400,
    body: { errors: [{ location: 'header.Idempotency-Key' }] },
  })
  expect(await send({ ops: [{ ...op, key: 'own' }] }, long)).toMatchObject({ status: 200 })
})

test('a key between quotes, as a structured field has it, is the same key', async () => {
  const charge = (idempotencyKey: string) =>
    server.send('POST', '/v1/projects/current/charges', {
      key: server.keys.smart_layer,
      body: { account: 'smart_layer', amount: 1 },
      idempotencyKey,
    })
  const name = uuidv7()
  const first = await charge(name)
  expect(first.body).toMatchObject({ replayed: false })
  expect((await charge(`"${name}"`)).body).toMatchObject({ tx: first.body['tx'], replayed: true })
  const escaped = await charge(`"${name} \\"so\\" \\\\"`)
  expect((await charge(`${name} "so" \\`)).body).toMatchObject({ tx: escaped.body['tx'], replayed: true })
  expect(await charge('""')).toMatchObject({ status: 400, body: { errors: [{ location: 'header.Idempotency-Key' }] } })
})
