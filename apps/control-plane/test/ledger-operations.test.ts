import { untilFinal } from '@core/database/testing'
import { uuidv7 } from '@core/foundation'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
const current = '/v1/projects/current'

beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())
afterEach(async () => {
  expect(await server.audit()).toMatchObject({ ok: true, violations: [] })
})

async function openFunded(account: string, amount: number): Promise<string> {
  const [project] = account.split('/')
  const options = { key: server.owner, body: { account } }
  expect(await server.send('POST', `/v1/projects/${project}/accounts`, options)).toMatchObject({ status: 201 })
  const grant = { key: server.owner, body: { account, amount } }
  expect(await server.send('POST', `/v1/projects/${project}/grants`, grant)).toMatchObject({ status: 201 })
  return account
}

const post = (path: string, body: unknown, idempotencyKey: string = uuidv7()) =>
  server.send('POST', `${current}${path}`, { key: server.keys.smart_layer, body, idempotencyKey })
const asOwner = (path: string, body?: unknown) =>
  server.send('POST', path, { key: server.owner, ...(body === undefined ? {} : { body }) })

test('a hold is extended and captured while it is open, and not a micro-credit beyond', async () => {
  const account = await openFunded('smart_layer/live', 100)
  const { body } = await post('/holds', { account, amount: 40, ttlSeconds: 30 })
  const hold = `/holds/${body['hold']}`
  const extended = await post(`${hold}/extend`, { add: 20, ttlSeconds: 600 })
  expect(extended).toMatchObject({ status: 200, body: { granted: 20, amount: 60, held: 60, available: 40 } })
  expect(Date.parse(String(extended.body['expiresAt']))).toBeGreaterThan(Date.parse(String(body['expiresAt'])))
  expect(await post(`${hold}/extend`, { add: 41 })).toMatchObject({
    status: 402,
    body: { code: 'insufficient_credits', available: 40, requested: 41 },
  })
  expect(await post(`${hold}/extend`, { add: 41, min: 1 })).toMatchObject({ status: 200, body: { granted: 40 } })
  expect(await post(`${hold}/extend`, {})).toMatchObject({ status: 200, body: { granted: 0, amount: 100 } })

  const first = await post(`${hold}/capture`, { amount: 30 }, 'page-1')
  expect(first).toMatchObject({ status: 200, body: { charged: 30, captured: 30, rest: 70, settled: 70, held: 70 } })
  const again = await post(`${hold}/capture`, { amount: 30 }, 'page-1')
  expect(again).toMatchObject({ headers: { 'idempotency-replayed': 'true' }, body: { ...first.body, replayed: true } })
  expect(await post(`${hold}/capture`, { amount: 71 })).toMatchObject({
    status: 409,
    body: { code: 'over_capture', limit: 70, requested: 71 },
  })
  await post(`${hold}/settle`, { amount: 5 })
  for (const verb of ['extend', 'capture']) {
    const late = await post(`${hold}/${verb}`, { ...(verb === 'capture' ? { amount: 1 } : { add: 1 }) })
    expect(late).toMatchObject({ status: 409, body: { code: 'hold_closed', holdStatus: 'settled' } })
  }
  expect(await post(`/holds/${uuidv7()}/capture`, { amount: 1 })).toMatchObject({ status: 404 })
})

test('a project moves credits between its own accounts, exactly or as far as they go', async () => {
  const from = await openFunded('smart_layer/giver', 100)
  const to = await openFunded('smart_layer/taker', 1)
  expect(await post('/transfers', { from, to, amount: 30 })).toMatchObject({
    status: 201,
    body: { from, to, moved: 30, available: 70, toBalance: { settled: 31, held: 0, available: 31 } },
  })
  expect(await post('/transfers', { from, to, amount: 71 })).toMatchObject({
    status: 402,
    body: { code: 'insufficient_credits', account: from, available: 70 },
  })
  expect(await post('/transfers', { from, to, amount: 71, mode: 'up_to' })).toMatchObject({
    status: 201,
    body: { moved: 70, available: 0 },
  })
  // A project that draws on the pool moves none of the pool's credits.
  expect(await post('/transfers', { from: 'smart_layer', to, amount: 1 })).toMatchObject({
    status: 403,
    body: { reason: 'forbidden_account' },
  })
  expect(await post('/transfers', { from, to: from, amount: 1 })).toMatchObject({
    status: 400,
    body: { errors: [{ location: 'body.to' }] },
  })
})

test('only the owner moves credits between projects, and only from the project of the path', async () => {
  const to = await openFunded('smart_layer/fund', 1)
  const foreign = await openFunded('manus_origin/fund', 50)
  for (const body of [
    { from: to, to: foreign, amount: 1 },
    { from: foreign, to, amount: 1 },
    { from: to, to: 'smart_layer/none', amount: 1 },
  ]) {
    expect(await post('/transfers', body)).toMatchObject({ status: 404, body: { code: 'account_not_found' } })
  }
  const idempotencyKey = uuidv7()
  const fund = () =>
    server.send('POST', '/v1/projects/pool/transfers', {
      key: server.owner,
      body: { from: 'pool', to, amount: 1000 },
      idempotencyKey,
    })
  expect(await fund()).toMatchObject({ status: 201, body: { moved: 1000, toBalance: { available: 1001 } } })
  expect(await fund()).toMatchObject({ status: 201, body: { moved: 1000, replayed: true } })
  expect(await asOwner('/v1/projects/smart_layer/transfers', { from: 'smart_layer', to, amount: 9 })).toMatchObject({
    status: 201,
    body: { moved: 9, toBalance: { available: 1010 } },
  })
  expect(await asOwner('/v1/projects/smart_layer/transfers', { from: foreign, to, amount: 1 })).toMatchObject({
    status: 404,
    body: { code: 'account_not_found', account: foreign },
  })
})

test('a charge is refunded in parts, never beyond, and only by who may grant', async () => {
  const account = await openFunded('smart_layer/refund', 100)
  const { body } = await post('/charges', { account, amount: 60 })
  const refund = (amount?: number, project = 'smart_layer') =>
    asOwner(`/v1/projects/${project}/refunds`, { tx: body['tx'], ...(amount === undefined ? {} : { amount }) })
  expect(await post('/refunds', { tx: body['tx'] })).toMatchObject({ status: 403, body: { scope: 'ledger:grant' } })
  expect(await refund(10, 'manus_origin')).toMatchObject({ status: 404 })
  expect(await refund(10)).toMatchObject({
    status: 201,
    body: { account, refunded: 10, refunds: body['tx'], left: 50, available: 50 },
  })
  expect(await refund(51)).toMatchObject({ status: 409, body: { code: 'conflict', reason: 'over_refund', left: 50 } })
  expect(await refund()).toMatchObject({ status: 201, body: { refunded: 50, left: 0, available: 100 } })
  expect(await refund()).toMatchObject({ status: 409, body: { reason: 'over_refund' } })
})

test('usage counts charges and refunds per bucket', async () => {
  const account = await openFunded('smart_layer/usage', 100)
  const { body } = await post('/charges', { account, amount: 30 })
  await post('/charges', { account, amount: 12 })
  await asOwner('/v1/projects/smart_layer/refunds', { tx: body['tx'], amount: 5 })
  const address = `${current}/accounts/${encodeURIComponent(account)}/usage`
  const read = (query: string) => server.send('GET', `${address}${query}`, { key: server.keys.smart_layer })
  const soon = new Date(Date.now() + 60_000).toISOString()
  interface Row {
    charged: number
    refunded: number
    charges: number
  }
  const sum = (numbers: number[]) => numbers.reduce((left, right) => left + right, 0)
  const total = (usage: unknown) => {
    const rows = usage as Row[]
    return [
      sum(rows.map(({ charged }) => charged)),
      sum(rows.map(({ refunded }) => refunded)),
      sum(rows.map(({ charges }) => charges)),
    ]
  }
  for (const query of [`?to=${soon}`, `?to=${soon}&bucket=hour`, `?to=${soon}&bucket=month`]) {
    const reply = await read(query)
    expect(reply).toMatchObject({ status: 200, body: { account } })
    expect(total(reply.body['usage'])).toEqual([42, 5, 2])
  }
  const before = await read('?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z')
  expect(before.body).toMatchObject({ bucket: 'day', usage: [] })
  expect(await read('?from=2026-02-01T00:00:00Z&to=2020-01-01T00:00:00Z')).toMatchObject({
    status: 400,
    body: { errors: [{ location: 'query.from' }] },
  })
  expect(await read('?from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z&bucket=hour')).toMatchObject({
    status: 400,
    body: { errors: [{ location: 'query.bucket' }] },
  })
  const foreign = await server.send('GET', `${current}/accounts/manus_origin/usage`, { key: server.keys.smart_layer })
  expect(foreign).toMatchObject({ status: 404, body: { code: 'account_not_found' } })
})

test('usage per user comes page by page, and as CSV with a link to the next page', async () => {
  const account = await openFunded('smart_layer/billed', 100)
  await openFunded('smart_layer/billed/below', 100)
  const charge = (user: string, amount: number, to = account) =>
    post('/charges', { account: to, amount, metadata: { user, long_key: 'kept' } })
  await charge('ann', 7)
  await charge('=cmd', 9)
  await charge('bob', 3, 'smart_layer/billed/below')
  const address = `${current}/accounts/${encodeURIComponent(account)}/usage`
  const day = new Date().toISOString().slice(0, 10)
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
  const read = (query: string, headers: Record<string, string> = {}) =>
    server.send('GET', `${address}?from=${day}&to=${tomorrow}&bucket=total&${query}`, {
      key: server.keys.smart_layer,
      headers,
    })
  const groups = (reply: Awaited<ReturnType<typeof read>>) => reply.body['usage']
  expect(groups(await read('by=user,long_key'))).toMatchObject([
    { group: ['=cmd', 'kept'], charged: 9 },
    { group: ['ann', 'kept'], charged: 7 },
    { group: ['bob', 'kept'], charged: 3 },
  ])
  expect(groups(await read('by=user&children=false'))).toHaveLength(2)
  const table = `start,user,charged,refunded,uncollected,charges\r\n${day}T00:00:00+00:00,"'=cmd",9,0,0,1\r\n`
  const first = await read('by=user&limit=1', { accept: 'text/csv' })
  expect(first).toMatchObject({ status: 200, text: table })
  expect(first.headers['content-type']).toContain('text/csv')
  const next = /^<(.*)>; rel="next"$/.exec(String(first.headers['link']))?.[1]
  const second = await server.send('GET', `${address}${next}`, { key: server.keys.smart_layer })
  expect(second.text).toContain(',ann,7,')
  expect((await read('by=user&format=csv')).text.split('\r\n')).toHaveLength(5)
  expect(await read('by=a,b,c,d,e')).toMatchObject({ status: 400, body: { errors: [{ location: 'query.by' }] } })
  expect(await read('timeZone=Europe/Atlantis')).toMatchObject({
    status: 400,
    body: { errors: [{ location: 'query.timeZone' }] },
  })
})

test('a key of a project makes sure of a user with a cap, whatever the name', async () => {
  const ensure = (user: string, limit = 20) =>
    server.send('PUT', `${current}/users`, { key: server.keys.smart_layer, body: { user, limit } })
  const made = await ensure('../../pool/%2e')
  expect(made).toMatchObject({
    status: 200,
    body: { limit: 20, period: 'month', timeZone: 'UTC', tx: expect.any(Number) },
  })
  const account = String(made.body['account'])
  expect(account).toMatch(/^smart_layer\/h:[0-9a-f]{64}$/)
  expect(await ensure('../../pool/%2e')).toMatchObject({ status: 200, body: { account, tx: null } })
  expect(await post('/charges', { account, amount: 15 })).toMatchObject({ status: 201 })
  expect(await post('/charges', { account, amount: 15 })).toMatchObject({
    status: 402,
    body: { code: 'budget_exhausted' },
  })
  expect(await ensure('half \ud83d')).toMatchObject({ status: 400, body: { errors: [{ location: 'body.user' }] } })
  expect(await ensure('x'.repeat(10_240))).toMatchObject({ status: 400, body: { errors: [{ location: 'body.user' }] } })
})

test('unused cap is rebalanced between siblings: first previewed, then moved, once per key', async () => {
  const setLimit = async (account: string, limit: number | null) => {
    const path = `/v1/projects/${account}/accounts/${account}/budgets/level`
    const set =
      limit === null
        ? await server.send('DELETE', path, { key: server.owner })
        : await server.send('PUT', path, { key: server.owner, body: { period: 'total', limit } })
    expect(set.status).toBe(200)
  }
  await setLimit('smart_layer', 100)
  await setLimit('manus_origin', 50)
  await post('/charges', { account: 'smart_layer', amount: 90 })
  const level = (body: object, idempotencyKey: string) =>
    server.send('POST', '/v1/projects/pool/rebalances', {
      key: server.owner,
      body: { parent: 'pool', budget: 'level', ...body },
      idempotencyKey,
    })
  const moves = [
    { account: 'smart_layer', from: 100, to: 120, moved: 20 },
    { account: 'manus_origin', from: 50, to: 30, moved: -20 },
  ]
  const preview = await level({ dryRun: true }, 'level-1')
  expect(preview).toMatchObject({ status: 200, body: { total: 150, dryRun: true, moves } })
  expect(preview.body).not.toHaveProperty('tx')
  expect(await level({}, 'level-1')).toMatchObject({ status: 200, body: { moves, dryRun: false, replayed: false } })
  expect(await level({}, 'level-1')).toMatchObject({ status: 200, body: { moves, replayed: true } })
  expect(await level({}, 'level-2')).toMatchObject({ status: 200, body: { total: 150, moves: [] } })
  expect(await level({ policy: 'greedy' }, 'level-3')).toMatchObject({ status: 400 })
  const mine = await server.makeKey('smart_layer', ['ledger:budget'])
  const reply = await server.send('POST', `${current}/rebalances`, {
    key: mine,
    body: { parent: 'pool', budget: 'level' },
  })
  expect(reply).toMatchObject({ status: 404, body: { code: 'account_not_found' } })
  await setLimit('smart_layer', null)
  await setLimit('manus_origin', null)
})

test('a device leases credits, reports in order, and gives the rest back', async () => {
  const account = await openFunded('smart_layer/device', 1000)
  const open = (amount: number) => post('/credit-leases', { account, amount, ttlSeconds: 3600, device: 'laptop' })
  expect(await open(201)).toMatchObject({ status: 409, body: { code: 'lease_limit', limit: 200, requested: 201 } })
  const opened = await open(200)
  expect(opened).toMatchObject({
    status: 201,
    body: { account, device: 'laptop', status: 'open', amount: 200, seq: 0, rest: 200, held: 200, available: 800 },
  })
  const lease = `/credit-leases/${opened.body['lease']}`
  const items = [{ amount: 70, at: '2026-11-20T09:40:00Z', key: 'job-1', metadata: { model: 'x' } }]
  expect(await post(`${lease}/report`, { seq: 2, items })).toMatchObject({
    status: 409,
    body: { code: 'lease_gap', seq: 2, expected: 1 },
  })
  const report = await post(`${lease}/report`, { seq: 1, items })
  expect(report).toMatchObject({ status: 200, body: { charged: 70, reported: 70, seq: 1, rest: 130, replayed: false } })
  // Under whatever key it comes again: the number decides.
  expect(await post(`${lease}/report`, { seq: 1, items })).toMatchObject({ body: { charged: 70, replayed: true } })
  expect(await post(`${lease}/report`, { seq: 1, items: [{ amount: 1, at: items[0]?.at }] })).toMatchObject({
    status: 422,
    body: { code: 'idempotency_mismatch', fields: ['items'] },
  })
  expect(await post(`${lease}/report`, { seq: 2, items: [] })).toMatchObject({ status: 400 })
  expect(await server.send('GET', `${current}${lease}`, { key: server.keys.smart_layer })).toMatchObject({
    status: 200,
    body: { status: 'open', reported: 70, rest: 130, closedAt: null },
  })
  const foreign = await server.send('GET', `${current}${lease}`, { key: server.keys.manus_origin })
  expect(foreign).toMatchObject({ status: 404, body: { code: 'not_found' } })
  expect(await post(`${lease}/close`, {})).toMatchObject({
    status: 200,
    body: { status: 'closed', released: 130, settled: 930, held: 0, rest: 0 },
  })
  expect(await post(`${lease}/report`, { seq: 2, items })).toMatchObject({ status: 409, body: { code: 'hold_closed' } })
})

test('the owner seals the journal, and a changed row is found', async () => {
  await untilFinal(server.test)
  const sealed = await asOwner('/v1/system/seal')
  expect(sealed).toMatchObject({
    status: 200,
    body: { sealed: expect.any(Number), hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
  })
  expect(sealed.body['sealed']).toBeGreaterThan(0)
  const read = (path: string) => server.send('GET', path, { key: server.owner })
  const verified = await read('/v1/system/verify')
  expect(verified).toMatchObject({ status: 200, body: { valid: true, blocks: 1, head: sealed.body['hash'] } })
  expect(await read('/v1/system/verify?from=2')).toMatchObject({ body: { valid: true, blocks: 0 } })
  expect(await read('/v1/system/verify?from=-1')).toMatchObject({ status: 400 })
  expect(await read('/v1/system/ledger-stats')).toMatchObject({
    status: 200,
    body: { sealedTx: sealed.body['lastTx'], openHolds: 0, dueHolds: 0, oldestDueSeconds: 0, inDebt: 0, frozen: 0 },
  })

  const { sql } = server.test
  await sql(`alter table core.ledger_tx disable trigger user`)
  await sql(`update core.ledger_tx set amount = amount + 1 where id = 1`)
  const found = await read('/v1/system/verify')
  await sql(`update core.ledger_tx set amount = amount - 1 where id = 1`)
  await sql(`alter table core.ledger_tx enable trigger user`)
  expect(found).toMatchObject({
    status: 200,
    body: { valid: false, blocks: 0, badBlock: { id: 1, firstTx: 1, fault: expect.stringContaining('rows') } },
  })
})

test.each([
  ['POST', '/v1/system/seal'],
  ['GET', '/v1/system/verify'],
  ['GET', '/v1/system/ledger-stats'],
])('%s %s is hidden from a project, whatever its key may do', async (method, path) => {
  const key = await server.makeKey('smart_layer', ['ledger:operate'])
  expect(await server.send(method, path, { key })).toMatchObject({ status: 404, body: { code: 'not_found' } })
})
