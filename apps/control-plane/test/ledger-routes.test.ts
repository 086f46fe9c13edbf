import { untilFinal } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
const current = '/v1/projects/current'

beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

/** An account of its own for a test, with credits of its own. */
async function openFunded(code: string, amount: number): Promise<string> {
  const account = `smart_layer/${code}`
  const opened = await server.send('POST', '/v1/projects/smart_layer/accounts', {
    key: server.owner,
    body: { account },
  })
  expect(opened.status).toBe(201)
  const body = { account, amount }
  const granted = await server.send('POST', '/v1/projects/smart_layer/grants', { key: server.owner, body })
  expect(granted).toMatchObject({ status: 201, body: { account, amount, available: amount, replayed: false } })
  return account
}

const asProject = () => ({ key: server.keys.smart_layer })

test('a reserve sets credits aside and answers with the balance', async () => {
  const account = await openFunded('reserve', 10_000_000)
  const reply = await server.send('POST', `${current}/holds`, {
    ...asProject(),
    body: { account, amount: 2_500_000, ttlSeconds: 120, over: 'overflow', metadata: { job: 'a b' } },
  })
  expect(reply.status).toBe(201)
  expect(reply.body).toEqual({
    hold: expect.stringMatching(/^[0-9a-f-]{36}$/),
    granted: 2_500_000,
    settled: 10_000_000,
    held: 2_500_000,
    available: 7_500_000,
    budgets: [],
    tx: expect.any(Number),
    replayed: false,
    expiresAt: expect.stringMatching(/^\d{4}-/),
  })
  const read = await server.send('GET', `${current}/holds/${reply.body['hold']}`, asProject())
  expect(read).toMatchObject({
    status: 200,
    body: { account, status: 'open', amount: 2_500_000, rest: 2_500_000, metadata: { job: 'a b' }, closedAt: null },
  })
})

test('min takes what is left, and a denial says how much that is', async () => {
  const account = await openFunded('min', 3)
  const some = await server.send('POST', `${current}/holds`, { ...asProject(), body: { account, amount: 5, min: 2 } })
  expect(some).toMatchObject({ status: 201, body: { granted: 3, available: 0 } })
  const none = await server.send('POST', `${current}/holds`, { ...asProject(), body: { account, amount: 5, min: 2 } })
  expect(none).toMatchObject({
    status: 402,
    headers: { 'content-type': 'application/problem+json; charset=utf-8' },
    body: { code: 'insufficient_credits', status: 402, type: '/problems/insufficient_credits', available: 0, account },
  })
})

test('settle charges once, replays with the header, and closes the hold', async () => {
  const account = await openFunded('settle', 100)
  const { body } = await server.send('POST', `${current}/holds`, { ...asProject(), body: { account, amount: 50 } })
  const settle = { ...asProject(), body: { amount: 20 }, idempotencyKey: 'job-1' }
  const first = await server.send('POST', `${current}/holds/${body['hold']}/settle`, settle)
  expect(first).toMatchObject({ status: 200, body: { charged: 20, released: 30, settled: 80, held: 0, available: 80 } })
  expect(first.headers).not.toHaveProperty('idempotency-replayed')
  const again = await server.send('POST', `${current}/holds/${body['hold']}/settle`, settle)
  expect(again.headers).toHaveProperty('idempotency-replayed', 'true')
  expect(again.text).toBe(first.text.replace('"replayed":false', '"replayed":true'))
  const other = await server.send('POST', `${current}/holds/${body['hold']}/settle`, {
    ...settle,
    body: { amount: 21 },
  })
  expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch', fields: ['amount'] } })
  const late = await server.send('POST', `${current}/holds/${body['hold']}/settle`, {
    ...asProject(),
    body: { amount: 1 },
  })
  expect(late).toMatchObject({ status: 409, body: { code: 'hold_closed', status: 409, holdStatus: 'settled' } })
})

test('settle without an amount charges the hold and says it is an estimate', async () => {
  const account = await openFunded('estimate', 100)
  const { body } = await server.send('POST', `${current}/holds`, { ...asProject(), body: { account, amount: 50 } })
  const reply = await server.send('POST', `${current}/holds/${body['hold']}/settle`, asProject())
  expect(reply).toMatchObject({ status: 200, body: { charged: 50, flags: ['estimated'] } })
})

test('settle above a hold that rejects it is a conflict', async () => {
  const account = await openFunded('reject', 100)
  const hold = { account, amount: 10, over: 'reject' }
  const { body } = await server.send('POST', `${current}/holds`, { ...asProject(), body: hold })
  const reply = await server.send('POST', `${current}/holds/${body['hold']}/settle`, {
    ...asProject(),
    body: { amount: 11 },
  })
  expect(reply).toMatchObject({ status: 409, body: { code: 'over_capture', limit: 10, requested: 11 } })
})

test('void gives everything back, once', async () => {
  const account = await openFunded('void', 100)
  const { body } = await server.send('POST', `${current}/holds`, { ...asProject(), body: { account, amount: 60 } })
  const reply = await server.send('POST', `${current}/holds/${body['hold']}/void`, {
    ...asProject(),
    body: { reason: 'x' },
  })
  expect(reply).toMatchObject({ status: 200, body: { status: 'voided', released: 60, available: 100 } })
  const again = await server.send('POST', `${current}/holds/${body['hold']}/void`, asProject())
  expect(again).toMatchObject({ status: 409, body: { code: 'hold_closed', holdStatus: 'voided' } })
})

test('a charge spends at once and never beyond what is there', async () => {
  const account = await openFunded('charge', 10)
  const ok = await server.send('POST', `${current}/charges`, { ...asProject(), body: { account, amount: 10 } })
  expect(ok).toMatchObject({ status: 201, body: { account, charged: 10, settled: 0, available: 0 } })
  const denied = await server.send('POST', `${current}/charges`, { ...asProject(), body: { account, amount: 1 } })
  expect(denied).toMatchObject({ status: 402, body: { code: 'insufficient_credits', available: 0, requested: 1 } })
})

test('accounts are listed page by page, by code, and only those of the project', async () => {
  await openFunded('page-1', 1)
  await openFunded('page-2', 1)
  const seen: unknown[] = []
  let cursor: unknown = ''
  do {
    const query: string = cursor ? `?limit=1&cursor=${encodeURIComponent(String(cursor))}` : '?limit=1'
    const { status, body } = await server.send('GET', `${current}/accounts${query}`, asProject())
    expect(status).toBe(200)
    const { data, page } = body as { data: { account: string; available: number }[]; page: { next: string | null } }
    seen.push(...data.map(({ account }) => account))
    cursor = page.next
  } while (cursor !== null)
  expect(seen).toEqual([...seen].sort())
  expect(seen).toEqual(expect.arrayContaining(['smart_layer', 'smart_layer/page-1', 'smart_layer/page-2']))
  expect(seen.every((account) => String(account).startsWith('smart_layer'))).toBe(true)

  const below = await server.send('GET', `${current}/accounts?parent=smart_layer&limit=1`, asProject())
  expect(below.body['data']).toHaveLength(1)
})

test('a project opens accounts below its own, not beside, not above, not with overdraft', async () => {
  const open = (body: object) => server.send('POST', `${current}/accounts`, { ...asProject(), body })
  expect(await open({ account: 'smart_layer/own', funding: 'parent', metadata: { team: 1 } })).toMatchObject({
    status: 201,
    body: { account: 'smart_layer/own', parent: 'smart_layer', purse: 'pool', kind: 'user', metadata: { team: 1 } },
  })
  expect(await open({ account: 'smart_layer/own' })).toMatchObject({ status: 409, body: { code: 'conflict' } })
  expect(await open({ account: 'smart_layer/rich', overdraft: 5 })).toMatchObject({ status: 403 })
  expect(await open({ account: 'manus_origin/mine' })).toMatchObject({
    status: 404,
    body: { code: 'account_not_found' },
  })
  expect(await open({ account: 'smart_layer/x', parent: 'pool' })).toMatchObject({ status: 404 })
  expect(await open({ account: 'smart_layer/x', parent: 'smart_layer/none' })).toMatchObject({ status: 404 })
})

test('the owner opens a top account whose parent is in another project', async () => {
  const body = { account: 'third', kind: 'project', parent: 'pool', funding: 'parent' }
  const reply = await server.send('POST', '/v1/projects/third/accounts', { key: server.owner, body })
  expect(reply).toMatchObject({ status: 201, body: { account: 'third', parent: 'pool', purse: 'pool' } })
})

test('codes with a slash are one part of the address', async () => {
  const account = await openFunded('slash/deep', 7)
  const address = `${current}/accounts/${encodeURIComponent(account)}`
  expect(await server.send('GET', address, asProject())).toMatchObject({ status: 200, body: { account, available: 7 } })
  expect(await server.send('GET', `${address}/balance`, asProject())).toMatchObject({
    status: 200,
    body: { available: 7 },
  })
  expect(await server.send('GET', `${address}/history`, asProject())).toMatchObject({ status: 200 })
  // Some proxies decode the address.
  expect(await server.send('GET', `${current}/accounts/${account}`, asProject())).toMatchObject({ status: 200 })
})

test('a frozen account denies, and can be thawed', async () => {
  const account = await openFunded('frozen', 100)
  const address = `${current}/accounts/${encodeURIComponent(account)}`
  const frozen = await server.send('PATCH', address, {
    ...asProject(),
    body: { status: 'frozen', metadata: { why: 'audit' } },
  })
  expect(frozen).toMatchObject({ status: 200, body: { status: 'frozen', metadata: { why: 'audit' } } })
  const denied = await server.send('POST', `${current}/holds`, { ...asProject(), body: { account, amount: 1 } })
  expect(denied).toMatchObject({ status: 409, body: { code: 'account_frozen', available: 100 } })
  const overdraft = await server.send('PATCH', address, { ...asProject(), body: { overdraft: 5 } })
  expect(overdraft).toMatchObject({ status: 403, body: { code: 'forbidden' } })
  expect(await server.send('PATCH', address, { ...asProject(), body: { status: 'active' } })).toMatchObject({
    status: 200,
  })
})

test('a PATCH replays by its key where one is sent', async () => {
  const account = await openFunded('patch', 1)
  const address = `${current}/accounts/${encodeURIComponent(account)}`
  const patch = { ...asProject(), body: { metadata: { a: 1 } }, idempotencyKey: 'patch-1' }
  expect((await server.send('PATCH', address, patch)).headers).not.toHaveProperty('idempotency-replayed')
  expect((await server.send('PATCH', address, patch)).headers).toHaveProperty('idempotency-replayed', 'true')
})

test('the balance of an instant is that of the instant', async () => {
  const before = new Date(Date.now() - 60_000).toISOString()
  const account = await openFunded('past', 42)
  const address = `${current}/accounts/${encodeURIComponent(account)}/balance`
  expect(await server.send('GET', address, asProject())).toMatchObject({
    status: 200,
    body: { account, granted: 42, spent: 0, settled: 42, held: 0, available: 42, budgets: [] },
  })
  const past = await server.send('GET', `${address}?at=${before}`, asProject())
  expect(past.body).toEqual({ account, settled: 0, held: 0, available: 0, overdraft: 0, at: expect.any(String) })
})

test('history is newest first, filtered and paged', async () => {
  const account = await openFunded('history', 100)
  for (const amount of [1, 2, 3]) {
    await server.send('POST', `${current}/charges`, {
      ...asProject(),
      body: { account, amount },
      idempotencyKey: `h-${amount}`,
    })
  }
  const address = `${current}/accounts/${encodeURIComponent(account)}/history`
  const first = await server.send('GET', `${address}?limit=2&op=charge`, asProject())
  expect(first.body).toMatchObject({
    data: [{ amount: 3, key: 'h-3' }, { amount: 2 }],
    page: { next: expect.any(String) },
  })
  const { next } = first.body['page'] as { next: string }
  const second = await server.send('GET', `${address}?limit=2&op=charge&cursor=${next}`, asProject())
  expect(second.body).toMatchObject({
    data: [{ amount: 1, account, actor: expect.stringMatching(/^key:/) }],
    page: { next: null },
  })
  const byKey = await server.send('GET', `${address}?key=h-2&since=2020-01-01T00:00:00Z`, asProject())
  expect(byKey.body['data']).toHaveLength(1)
})

test('a budget caps, warns once per threshold, and goes when it is removed', async () => {
  const account = await openFunded('budget', 1000)
  const budgets = `/v1/projects/smart_layer/accounts/${encodeURIComponent(account)}/budgets`
  const set = (limit: number) =>
    server.send('PUT', `${budgets}/daily`, {
      key: server.owner,
      body: { period: 'day', limit, timeZone: 'Europe/Berlin' },
    })
  expect(await set(100)).toMatchObject({ status: 200, body: { budget: 'daily', limit: 100, replayed: false } })
  const charge = (amount: number) =>
    server.send('POST', `${current}/charges`, { ...asProject(), body: { account, amount } })
  expect(await charge(85)).toMatchObject({ status: 201, body: { budgets: [{ budget: 'daily', spent: 85, rest: 15 }] } })
  expect(await charge(16)).toMatchObject({
    status: 402,
    body: { code: 'budget_exhausted', budget: 'daily', available: 915 },
  })

  const listed = await server.send('GET', budgets, asProject())
  expect(listed.body).toMatchObject({
    data: [{ budget: 'daily', account, limit: 100, spent: 85, held: 0, rest: 15, resetsAt: expect.any(String) }],
  })
  await untilFinal(server.test) // alerts are listed in an order that no open transaction can change
  const alerts = await server.send('GET', `${current}/alerts`, asProject())
  expect(alerts.body['data']).toEqual([
    expect.objectContaining({ account, budget: 'daily', thresholdBasisPoints: 8000, spent: 85, limit: 100 }),
  ])
  const foreign = await server.send('GET', `${current}/alerts`, { key: server.keys.manus_origin })
  expect(foreign.body['data']).toEqual([])

  const removed = await server.send('DELETE', `${budgets}/daily`, { key: server.owner })
  expect(removed).toMatchObject({ status: 200, body: { limit: null, etag: null, budgets: [] } })
  expect(await charge(16)).toMatchObject({ status: 201 })
})

test('a path bounds what a request touches, for every caller', async () => {
  const { body } = await server.send('POST', `${current}/holds`, {
    key: server.keys.manus_origin,
    body: { account: 'manus_origin', amount: 5 },
  })
  const settle = { key: server.owner, body: { amount: 5 } }
  const elsewhere = await server.send('POST', `/v1/projects/smart_layer/holds/${body['hold']}/settle`, settle)
  expect(elsewhere).toMatchObject({ status: 404, body: { code: 'not_found' } })
  const there = await server.send('POST', `/v1/projects/manus_origin/holds/${body['hold']}/settle`, settle)
  expect(there).toMatchObject({ status: 200, body: { charged: 5 } })
  const account = await server.send('POST', '/v1/projects/smart_layer/charges', {
    key: server.owner,
    body: { account: 'manus_origin', amount: 5 },
  })
  expect(account).toMatchObject({ status: 404, body: { code: 'account_not_found' } })
})

test('after all of it the books are right', async () => {
  expect(await server.audit()).toMatchObject({ ok: true, violations: [] })
})
