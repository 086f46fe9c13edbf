import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type Reply, type TestServer } from './test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const project = '/v1/projects/smart_layer'
const post = async (path: string, body: object = {}) => {
  const reply = await server.send('POST', `${project}${path}`, { key: server.owner, body })
  expect([200, 201], reply.text).toContain(reply.status)
  return reply.body
}
const get = (path: string) => server.send('GET', `${project}${path}`, { key: server.keys.smart_layer })
const rows = ({ body }: Reply) => body['data'] as Record<string, unknown>[]

async function openAccount(name: string, funding: 'own' | 'parent' = 'own'): Promise<string> {
  const account = `smart_layer/${name}`
  await post('/accounts', { account, funding })
  if (funding === 'own') await post('/grants', { account, amount: 1_000 })
  return account
}

test.each(['own', 'parent'] as const)('an open hold whose id was lost is found, with funding %s', async (funding) => {
  const account = await openAccount(`lost-${funding}`, funding)
  await openAccount(`neighbour-${funding}`, 'parent')
  const [first, second, third] = [
    await post('/holds', { account, amount: 5, metadata: { job: 1 } }),
    await post('/holds', { account, amount: 6 }),
    await post('/holds', { account, amount: 7 }),
  ]
  await post('/holds', { account: `smart_layer/neighbour-${funding}`, amount: 1 })
  await post(`/holds/${second['hold']}/settle`, { amount: 4 })
  const all = await get(`/holds?account=${account}`)
  expect(rows(all).map(({ hold, status }) => [hold, status])).toEqual([
    [third['hold'], 'open'],
    [second['hold'], 'settled'],
    [first['hold'], 'open'],
  ])
  const open = rows(await get(`/holds?account=${account}&status=open`))
  expect(open.map(({ hold }) => hold)).toEqual([third['hold'], first['hold']])
  expect(open[1]).toMatchObject({ account, amount: 5, rest: 5, captured: 0, metadata: { job: 1 }, tx: first['tx'] })
})

test('a hold whose time is up is listed as expired, before and after the sweep', async () => {
  const account = await openAccount('late')
  const { hold } = await post('/holds', { account, amount: 5, ttlSeconds: 1 })
  await server.test.sql(
    `update core.ledger_hold set expires_at = clock_timestamp() - interval '1 second' where id = $1`,
    [hold],
  )
  const expired = { hold, status: 'expired', rest: 0, released: 5 }
  expect(rows(await get(`/holds?account=${account}`))).toMatchObject([expired])
  expect(rows(await get(`/holds?account=${account}&status=open`))).toEqual([])
  await server.test.database.rpc('ledger_expire_due', {})
  expect(rows(await get(`/holds?account=${account}&status=expired`))).toMatchObject([expired])
})

test('charges, what was refunded of each, and the refunds', async () => {
  const account = await openAccount('spent')
  const charges = []
  for (const amount of [10, 20, 30]) charges.push(await post('/charges', { account, amount, metadata: { amount } }))
  const [, second] = charges
  const refund = await post('/refunds', { tx: second?.['tx'], amount: 15 })
  expect(rows(await get(`/charges?account=${account}`))).toMatchObject([
    { charged: 30, refunded: 0, metadata: { amount: 30 } },
    { charged: 20, refunded: 15, tx: second?.['tx'], account, actor: 'owner' },
    { charged: 10, refunded: 0 },
  ])
  expect(rows(await get(`/refunds?account=${account}`))).toMatchObject([
    { tx: refund['tx'], refunded: 15, refunds: second?.['tx'], hold: null },
  ])
})

test('pages hold each row once, also where a filter leaves them short', async () => {
  const account = await openAccount('pages')
  const made: unknown[] = []
  for (let at = 0; at < 5; at++) made.unshift((await post('/charges', { account, amount: 1 }))['tx'])
  const seen: unknown[] = []
  let next: unknown = ''
  for (let page = 0; next !== null && page < 10; page++) {
    const reply = await get(`/charges?account=${account}&limit=2${next === '' ? '' : `&cursor=${next}`}`)
    seen.push(...rows(reply).map(({ tx }) => tx))
    next = Object(reply.body['page'])['next']
  }
  expect(seen).toEqual(made)
  expect(next).toBeNull()
})

test('leases of an account, as they are now', async () => {
  const account = await openAccount('leased')
  const { lease } = await post('/credit-leases', { account, amount: 100, ttlSeconds: 60, device: 'laptop' })
  const second = await post('/credit-leases', { account, amount: 50, ttlSeconds: 60, device: 'phone' })
  await post(`/credit-leases/${lease}/close`)
  expect(rows(await get(`/credit-leases?account=${account}`))).toMatchObject([
    { lease: second['lease'], device: 'phone', status: 'open', amount: 50, rest: 50 },
    { lease, device: 'laptop', status: 'closed', amount: 100, rest: 0 },
  ])
  // A lease is no hold of its own.
  expect(rows(await get(`/holds?account=${account}`))).toEqual([])
})

test('without an account it is that of the project; a wrong status and a foreign account are refused', async () => {
  const { tx } = await post('/charges', { account: 'smart_layer', amount: 1 })
  expect(rows(await get('/charges?limit=1'))).toMatchObject([{ tx, account: 'smart_layer' }])
  expect(await get('/holds?status=lost')).toMatchObject({ status: 400 })
  expect(await get('/holds?account=manus_origin')).toMatchObject({ status: 404, body: { code: 'account_not_found' } })
})
