import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { callable, webhookClaim, webhookReport } from '@core/api/functions'
import { silentLogger, systemClock, uuidv7 } from '@core/foundation'
import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createAddressGuard } from '../src/http/address-guard.ts'
import { createDeliveries } from '../src/nouns/webhook/delivery.ts'
import { openTestServer, type TestServer } from './test-server.ts'

interface Received {
  readonly headers: Record<string, string>
  readonly body: string
}

let server: TestServer
let receiver: Server
let address: string
let received: Received[]
let answer: (request: IncomingMessage, response: ServerResponse) => void

beforeAll(async () => {
  server = await openTestServer()
  receiver = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    received.push({
      headers: Object.fromEntries(Object.entries(request.headers).map(([k, v]) => [k, String(v)])),
      body,
    })
    answer(request, response)
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  address = `127.0.0.1:${(receiver.address() as AddressInfo).port}`
})
afterAll(async () => {
  receiver.closeAllConnections()
  await new Promise((resolve) => receiver.close(resolve))
  await server[Symbol.asyncDispose]()
})
beforeEach(() => {
  received = []
  answer = (_, response) => response.writeHead(204).end()
})
afterEach(() => server.test.sql('delete from core.webhook'))

const path = (name: string, verb = '') => `/v1/projects/smart_layer/webhooks/${name}${verb}`

/** A webhook at the test's receiver. The API refuses such an address, so its row is moved there. */
async function addWebhook(name: string, topics: readonly string[] = ['flag']): Promise<string> {
  const body = { url: 'https://receiver.example/core', topics }
  const made = await server.send('PUT', path(name), { key: server.owner, body })
  expect(made.status).toBe(201)
  await server.test.sql('update core.webhook set url = $1 where name = $2', [`http://${address}/core`, name])
  return String(made.body['secret'])
}

function openDeliveries(timeoutMs = 2000) {
  return createDeliveries({
    database: server.test.database,
    guard: createAddressGuard([address], 'CORE_WEBHOOK_PRIVATE_HOSTS'),
    vault: server.kernel.vault,
    logger: silentLogger,
    clock: systemClock,
    onAttempt: () => {},
    timeoutMs,
  })
}

/** Claims and delivers until nothing is due. Other tests of the run may hold events back for a moment. */
async function deliver(until: () => boolean, deliveries = openDeliveries()): Promise<void> {
  const { signal } = new AbortController()
  await vi.waitFor(
    async () => {
      await deliveries.start(signal)
      await Promise.all(deliveries.underWay)
      expect(until()).toBe(true)
    },
    { timeout: 30_000, interval: 20 },
  )
}

const setFlag = (value: unknown, project = 'smart_layer') =>
  server.send('PUT', `/v1/projects/${project}/flags/router.order`, { key: server.owner, body: { value } })
const state = async (name: string) => (await server.send('GET', path(name), { key: server.owner })).body
const retryNow = () => server.test.sql(`update core.webhook_feed set retry_at = clock_timestamp()`)
const values = () => received.map(({ body }) => JSON.parse(body).data.value)

test('balances are published for webhooks too: no client listens, and no journal grows that the first one has to wait for', async () => {
  await addWebhook('balances', ['ledger.balance'])
  const charge = () =>
    server.send('POST', '/v1/projects/smart_layer/charges', {
      key: server.owner,
      body: { account: 'smart_layer', amount: 1 },
    })
  expect((await charge()).status).toBe(201)
  expect(server.realtime.subscriptions.has('ledger.balance')).toBe(false)
  await server.runLoop('publish balances')
  await deliver(() => received.length > 0)
  expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
    type: 'ledger.balance.changed',
    data: { account: 'pool' },
  })
})

test('an event of the project arrives signed as Standard Webhooks describes; others do not', async () => {
  const secret = await addWebhook('signed')
  await setFlag(uuidv7(), 'manus_origin')
  const value = uuidv7()
  await setFlag(value)
  await deliver(() => received.length > 0)
  expect(received).toHaveLength(1)
  const [{ headers, body } = { headers: {}, body: '' }] = received
  expect(new Webhook(secret).verify(body, headers)).toMatchObject({
    type: 'flag.set',
    timestamp: expect.any(String),
    data: { name: 'router.order', value },
    topic: 'flag',
    project: 'smart_layer',
    seq: expect.any(Number),
  })
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow()
  expect(await state('signed')).toMatchObject({
    topics: [{ topic: 'flag', delivered: 1, lastStatus: 204, failures: 0 }],
  })
})

test('events of a topic that a later version added are sent like any other', async () => {
  await addWebhook('newer')
  await server.test.sql(`update core.webhook_feed set topic = 'novelty'
    where webhook = (select id from core.webhook where name = 'newer')`)
  for (const at of [1, 2]) {
    await server.test.sql(`select core.emit('novelty', 'smart_layer', 'made', jsonb_build_object('a_b', $1::int))`, [
      at,
    ])
  }
  await deliver(() => received.length === 2)
  expect(received.map(({ body }) => JSON.parse(body))).toMatchObject([
    { type: 'novelty.made', topic: 'novelty', data: { aB: 1 } },
    { type: 'novelty.made', topic: 'novelty', data: { aB: 2 } },
  ])
  expect(await state('newer')).toMatchObject({ topics: [{ topic: 'novelty', delivered: 2, failures: 0 }] })
})

test('a failed event is sent again with the same id, and those after it wait for it', async () => {
  await addWebhook('ordered')
  answer = (_, response) => response.writeHead(503, { 'retry-after': '7' }).end()
  const sent = [uuidv7(), uuidv7(), uuidv7()]
  for (const value of sent) await setFlag(value)
  await deliver(() => received.length === 1)
  const [feed] = (await state('ordered'))['topics'] as { nextAttemptAt: string }[]
  expect(feed).toMatchObject({ failures: 1, lastStatus: 503, lastError: 'the receiver answered 503' })
  expect(Date.parse(feed?.nextAttemptAt ?? '') - Date.now()).toBeGreaterThan(5000)
  answer = (_, response) => response.writeHead(200).end('ok')
  await retryNow()
  await deliver(() => received.length === 4)
  expect(values()).toEqual([sent[0], ...sent])
  expect(received[1]?.headers['webhook-id']).toBe(received[0]?.headers['webhook-id'])
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(3)
})

test('both secrets sign after a rotation, until the overlap ends; a replay shows none', async () => {
  const old = await addWebhook('rotated')
  const rotate = { key: server.owner, body: { overlapSeconds: 60 }, idempotencyKey: uuidv7() }
  const rotated = await server.send('POST', path('rotated', '/rotate'), rotate)
  expect(rotated).toMatchObject({ status: 200, body: { replayed: false } })
  const again = await server.send('POST', path('rotated', '/rotate'), rotate)
  expect(again).toMatchObject({ status: 200, body: { secret: null, replayed: true } })
  await setFlag(uuidv7())
  await deliver(() => received.length === 1)
  const [{ headers, body } = { headers: {}, body: '' }] = received
  for (const secret of [old, String(rotated.body['secret'])]) new Webhook(secret).verify(body, headers)
  await server.test.sql(`update core.webhook set old_secret_until = clock_timestamp()`)
  await setFlag(uuidv7())
  await deliver(() => received.length === 2)
  const last = received[1]
  expect(() => new Webhook(old).verify(last?.body ?? '', last?.headers ?? {})).toThrow()
})

test('a receiver that fails for a day, or is gone, is disabled with an event; enabled again it misses nothing', async () => {
  await addWebhook('failing')
  await addWebhook('watching', ['webhook'])
  answer = (_, response) => response.writeHead(500).end()
  const value = uuidv7()
  await setFlag(value)
  await deliver(() => received.length === 1)
  await server.test.sql(
    `update core.webhook_feed set failing_since = clock_timestamp() - interval '25 hours' where failing_since is not null`,
  )
  await retryNow()
  await deliver(() => received.length === 2)
  expect(await state('failing')).toMatchObject({
    status: 'disabled',
    disabledReason: expect.stringContaining('24 hours'),
  })
  answer = (_, response) => response.writeHead(204).end()
  await deliver(() => received.length === 3)
  expect(JSON.parse(received[2]?.body ?? '')).toMatchObject({ type: 'webhook.disabled', data: { name: 'failing' } })

  const body = { url: 'https://receiver.example/core', topics: ['flag'] }
  expect(await server.send('PUT', path('failing'), { key: server.owner, body })).toMatchObject({
    status: 200,
    body: { status: 'active', secret: null },
  })
  await server.test.sql('update core.webhook set url = $1', [`http://${address}/core`])
  await deliver(() => received.length === 4)
  expect(values()[3]).toBe(value)

  answer = (_, response) => response.writeHead(410).end()
  await setFlag(uuidv7())
  await deliver(() => received.length === 5)
  expect(await state('failing')).toMatchObject({ status: 'disabled', disabledReason: 'the receiver answered 410 Gone' })
})

test('a replay sends the events after a number again', async () => {
  await addWebhook('replayed')
  const sent = [uuidv7(), uuidv7()]
  for (const value of sent) await setFlag(value)
  await deliver(() => received.length === 2)
  const first = JSON.parse(received[0]?.body ?? '').seq
  const replay = { key: server.owner, body: { after: first - 1 } }
  const once = { ...replay, idempotencyKey: 'replay once' }
  expect(await server.send('POST', path('replayed', '/replay'), once)).toMatchObject({
    status: 200,
    body: { replayed: false },
  })
  await deliver(() => received.length === 4)
  expect(values()).toEqual([...sent, ...sent])
  expect(await server.send('POST', path('replayed', '/replay'), once)).toMatchObject({ body: { replayed: true } })
  expect(await server.send('POST', path('replayed', '/replay'), { ...replay, body: { after: 1e12 } })).toMatchObject({
    status: 400,
  })
})

test('a redirect is not followed, and a receiver that does not answer costs its timeout and no more', async () => {
  await addWebhook('slow')
  answer = (_, response) => response.writeHead(302, { location: `http://${address}/elsewhere` }).end()
  await setFlag(uuidv7())
  await deliver(() => received.length === 1)
  expect(await state('slow')).toMatchObject({ topics: [{ lastStatus: 302, failures: 1 }] })
  answer = () => {}
  await retryNow()
  await deliver(() => received.length === 2, openDeliveries(100))
  expect(await state('slow')).toMatchObject({
    topics: [{ lastStatus: null, lastError: 'no answer within 0.1 s', failures: 2 }],
  })
})

test('an address of a row that is not public is not called', async () => {
  await addWebhook('inside')
  const other = createDeliveries({
    database: server.test.database,
    guard: createAddressGuard([], 'CORE_WEBHOOK_PRIVATE_HOSTS'),
    vault: server.kernel.vault,
    logger: silentLogger,
    clock: systemClock,
    onAttempt: () => {},
  })
  await setFlag(uuidv7())
  const failed = async () => ((await state('inside'))['topics'] as { failures: number }[])[0]?.failures
  let failures: number | undefined
  await vi.waitFor(async () => {
    await other.start(new AbortController().signal)
    await Promise.all(other.underWay)
    failures = await failed()
    expect(failures).toBe(1)
  }, 30_000)
  expect(received).toEqual([])
})

test('a process that dies with a claim leaves it to another after the lease, which sends the same again', async () => {
  await addWebhook('orphan')
  const value = uuidv7()
  await setFlag(value)
  const claim = () => server.test.database.rpc('webhook_claim', {})
  await vi.waitFor(async () => expect(await claim()).toMatchObject({ due: [{ name: 'orphan' }] }), 30_000)
  expect(await claim()).toMatchObject({ due: [] })
  await server.test.sql(`update core.webhook_feed set leased_until = clock_timestamp()`)
  await deliver(() => received.length === 1)
  expect(values()).toEqual([value])
})

test('a report after the lease ended, or after a replay took it, changes nothing', async () => {
  await addWebhook('late')
  await setFlag(uuidv7())
  const claim = callable(server.test.database, webhookClaim)
  const report = callable(server.test.database, webhookReport)
  const take = async () => {
    const { lease, due } = await claim({})
    const [{ webhook = '', events = [] } = {}] = due
    expect(due).toHaveLength(1)
    return { webhook, topic: 'flag', lease, through: Number(events[0]?.['seq']), delivered: 1 }
  }
  const first = await vi.waitFor(take, 30_000)
  await server.test.sql(`update core.webhook_feed set leased_until = clock_timestamp()`)
  expect(await report(first)).toMatchObject({ accepted: false })
  const second = await take()
  expect(await report(first)).toMatchObject({ accepted: false })
  await server.send('POST', path('late', '/replay'), { key: server.owner, body: { after: 0 } })
  expect(await report(second)).toMatchObject({ accepted: false })
  expect(await state('late')).toMatchObject({ topics: [{ after: 0, delivered: 0 }] })
})

test('two processes deliver each event once while both live', async () => {
  await addWebhook('shared')
  const sent = Array.from({ length: 30 }, () => uuidv7())
  for (const value of sent) await setFlag(value)
  const both = [openDeliveries(), openDeliveries()]
  const { signal } = new AbortController()
  await vi.waitFor(async () => {
    await Promise.all(both.map((one) => one.start(signal)))
    await Promise.all(both.flatMap((one) => [...one.underWay]))
    expect(received.length).toBeGreaterThanOrEqual(30)
  }, 30_000)
  expect(values()).toEqual(sent)
})

test('slow receivers of one project leave room for those of others', async () => {
  const claim = callable(server.test.database, webhookClaim)
  for (let n = 0; n < 6; n++) await addWebhook(`slow-${n}`)
  const body = { url: 'https://receiver.example/core', topics: ['flag'] }
  await server.send('PUT', '/v1/projects/manus_origin/webhooks/other', { key: server.owner, body })
  await setFlag(uuidv7())
  await setFlag(uuidv7(), 'manus_origin')
  const claimed: string[] = []
  await vi.waitFor(async () => {
    const { due } = await claim({})
    claimed.push(...due.map(({ project }) => project))
    expect(claimed).toContain('manus_origin')
  }, 30_000)
  expect(claimed.filter((project) => project === 'smart_layer').length).toBeLessThanOrEqual(4)
})

test('who cannot read a topic cannot have it sent; others cannot see, change or test the webhook', async () => {
  await addWebhook('private')
  const weak = await server.makeKey('smart_layer', ['webhook:write', 'event:read'])
  const body = { url: 'https://receiver.example/core', topics: ['ledger.alert'] }
  expect(await server.send('PUT', path('stolen'), { key: weak, body })).toMatchObject({ status: 403 })
  const foreign = await server.makeKey('manus_origin', ['webhook:write', 'event:read', 'flag:read'])
  for (const [method, verb] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/test'],
    ['POST', '/rotate'],
    ['POST', '/replay'],
  ] as const) {
    const reply = await server.send(method, path('private', verb), {
      key: foreign,
      body: method === 'POST' ? { after: 0 } : undefined,
    })
    expect([method, verb, reply.status]).toEqual([method, verb, 404])
  }
  const claims = {
    role: 'core_member' as const,
    project: 'smart_layer',
    caps: ['webhook:write', 'flag:read', 'event:read'],
    sub: 'test',
  }
  for (const call of [
    () => server.test.database.rpc('webhook_claim', {}, { claims }),
    () => server.test.database.rpc('webhook_target', { p_name: 'private', p_project: 'smart_layer' }, { claims }),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  }
  const list = await server.send('GET', '/v1/projects/smart_layer/webhooks', { key: server.owner })
  expect(list.text).not.toContain('whsec_')
})

test('an address that is not public is refused when it is written', async () => {
  for (const url of [
    'http://receiver.example/',
    'https://127.0.0.1/',
    'https://169.254.169.254/',
    'https://a:b@receiver.example/',
    'javascript:alert(1)',
  ]) {
    const reply = await server.send('PUT', path('bad'), { key: server.owner, body: { url, topics: ['flag'] } })
    expect([url, reply.status, reply.body['code']]).toEqual([url, 400, 'invalid'])
  }
})

test('a project has at most 20 webhooks', async () => {
  for (let n = 0; n < 20; n++) await addWebhook(`n${n}`)
  const body = { url: 'https://receiver.example/core', topics: ['flag'] }
  expect(await server.send('PUT', path('n20'), { key: server.owner, body })).toMatchObject({
    status: 409,
    body: { reason: 'too_many_webhooks' },
  })
})

test('a test delivery says how the receiver answers', async () => {
  const guarded = await server.send('PUT', path('tested'), {
    key: server.owner,
    body: { url: 'https://receiver.invalid/core', topics: ['flag'] },
  })
  expect(guarded.status).toBe(201)
  const tested = await server.send('POST', path('tested', '/test'), { key: server.owner })
  expect(tested).toMatchObject({
    status: 200,
    body: { delivered: false, status: null, error: expect.stringContaining('receiver.invalid') },
  })
})
