import { request } from 'node:http'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { publishBalances } from '../src/nouns/ledger/publishing.ts'
import { type FrameSocket, listen, openSocket } from './frames.ts'
import { openTestServer, type TestServer } from './test-server.ts'

/** Who gets no line, and whose line ends. */

let server: TestServer
let url: string
const opened: FrameSocket[] = []
const limits = {
  authenticateWithinMs: 300,
  maxBufferedBytes: 64 * 1024,
  maxFramesPer10s: 60,
  maxSubscriptions: 2,
  maxConnectionsPerCredential: 5,
  maxUnauthenticated: 3,
}
const patience = { timeout: 30_000 }

beforeAll(async () => {
  server = await openTestServer(undefined, undefined, { limits, pollEveryMs: 100 })
  url = await listen(server.app)
})
afterEach(async () => {
  for (const { socket } of opened.splice(0)) socket.terminate()
  await expect.poll(() => server.realtime.connections.count(), patience).toBe(0)
})
afterAll(() => server[Symbol.asyncDispose]())

async function open(key?: string): Promise<FrameSocket> {
  const socket = await openSocket(url, key)
  opened.push(socket)
  return socket
}

const subscribe = async (socket: FrameSocket, topic = 'flag') => {
  socket.send({ op: 'subscribe', id: topic, topic })
  await socket.next('subscribed')
}

/** The answer to an upgrade that is refused. */
function refusal(path: string, headers: Record<string, string>): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }
    const sent = request(`${url}${path}`, { headers: { ...upgrade, ...headers } }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    sent.on('upgrade', (_response, socket) => {
      socket.destroy()
      reject(new Error('the upgrade went through'))
    })
    sent.on('error', reject)
    sent.end()
  })
}

test('a refused upgrade is an ordinary problem', async () => {
  const weak = await server.makeKey('smart_layer', ['flag:read'])
  expect(await refusal('/v1/realtime', { authorization: 'Bearer ck_live_junk' })).toMatchObject({ status: 401 })
  expect(await refusal('/v1/realtime', { authorization: `Bearer ${weak}` })).toMatchObject({ status: 403 })
  expect(await refusal('/v1/nothing', {})).toMatchObject({ status: 404 })
  expect(await refusal('/livez', {})).toMatchObject({ status: 200 })
  expect((await refusal('/v1/realtime', { upgrade: 'h2c' })).status).toBe(426)
  const plain = await server.send('GET', '/v1/realtime')
  expect(plain).toMatchObject({ status: 426, headers: { upgrade: 'websocket' }, body: { code: 'upgrade_required' } })
})

test('a browser says who it is in its first frame', async () => {
  const socket = await open()
  socket.send({ op: 'authenticate', token: server.keys.smart_layer })
  socket.send({ op: 'subscribe', id: 'a', topic: 'flag' })
  expect(await socket.next('welcome')).toMatchObject({ project: 'smart_layer' })
  await socket.next('subscribed')
  socket.send({ op: 'authenticate', token: server.owner })
  expect(await socket.next('error')).toMatchObject({ code: 'conflict' })
  socket.send({ op: 'ping' })
  await socket.next('pong')
})

test.each([
  ['nothing', undefined, 4401],
  ['a junk key', { op: 'authenticate', token: 'ck_live_junk' }, 4401],
  ['another frame', { op: 'subscribe', id: 'a', topic: 'flag' }, 4401],
  ['garbage', { op: 7 }, 4401],
])('a socket that first says %s is closed', async (_, frame, code) => {
  const socket = await open()
  if (frame !== undefined) socket.send(frame)
  expect(await socket.closed).toMatchObject({ code })
  expect(await socket.next('bye')).toMatchObject({ code, retryAfterMs: null })
})

test('a key without event:read is closed with 4403', async () => {
  const token = await server.makeKey('smart_layer', ['flag:read']) // before the socket, which has 300 ms to say who it is
  const socket = await open()
  socket.send({ op: 'authenticate', token })
  expect(await socket.closed).toMatchObject({ code: 4403 })
})

test('a revoked key loses its sockets within seconds, an expired one too, and others stay', async () => {
  const project = '/v1/projects/smart_layer/api-keys'
  const make = (body: object) => server.send('POST', project, { key: server.owner, body })
  const revoked = await make({ name: 'revoked' })
  const rerolled = await make({ name: 'rerolled' })
  const expiring = await make({ name: 'expiring', expiresAt: new Date(Date.now() + 2500).toISOString() })
  const [first, second, third] = [
    await open(String(revoked.body['secret'])),
    await open(String(rerolled.body['secret'])),
    await open(String(expiring.body['secret'])),
  ]
  const other = await open(server.keys.smart_layer)
  for (const socket of [first, second, third, other]) await socket.next('welcome')
  const startedAt = performance.now()
  await server.send('DELETE', `${project}/${revoked.body['id']}`, { key: server.owner })
  await server.send('POST', `${project}/${rerolled.body['id']}/reroll`, {
    key: server.owner,
    body: { overlapSeconds: 0 },
  })
  for (const socket of [first, second, third]) expect(await socket.closed).toMatchObject({ code: 4401 })
  expect(performance.now() - startedAt).toBeLessThan(60_000)
  expect(other.socket.readyState).toBe(other.socket.OPEN)
})

test('frames that make no sense are answered and cost; too many of them, too large ones and too much else close', async () => {
  const socket = await open(server.keys.smart_layer)
  await socket.next('welcome')
  const nonsense = ['{', '[]', '"x"', '{}', '{"op":"subscribe"}', '{"op":"subscribe","id":"a","topic":"nothing"}']
  const oddities = [
    { op: 'subscribe', id: 'a', topic: 'flag', since: -1 },
    { op: 'subscribe', id: 'a', topic: 'flag', extra: 1 },
    { op: 'subscribe', id: 'x'.repeat(65), topic: 'flag' },
  ]
  for (const text of [...nonsense, ...oddities.map((frame) => JSON.stringify(frame))]) {
    socket.socket.send(text)
    expect(await socket.next('error')).toMatchObject({ code: 'invalid' })
  }
  socket.socket.send(Buffer.from([1, 2, 3]))
  expect(await socket.next('error')).toMatchObject({ code: 'invalid' })
  socket.send({ op: 'unsubscribe', id: 'none' })
  expect(await socket.next('error')).toMatchObject({ id: 'none', code: 'not_found' })
  socket.send({ op: 'subscribe', id: 'a', topic: 'flag', project: 'manus_origin' })
  expect(await socket.next('error')).toMatchObject({ id: 'a', code: 'not_found' })
  await subscribe(socket)
  socket.send({ op: 'subscribe', id: 'b', topic: 'flag' })
  expect(await socket.next('error')).toMatchObject({ id: 'b', code: 'conflict' })
  for (let index = 0; index < 60; index++) socket.send({ op: 'ping' })
  expect(await socket.closed).toMatchObject({ code: 4429 })

  const large = await open(server.keys.smart_layer)
  large.socket.send(' '.repeat(17 * 1024))
  expect(await large.closed).toMatchObject({ code: 1009 })

  const greedy = await open(server.owner)
  for (const topic of ['flag', 'key', 'ledger.alert']) greedy.send({ op: 'subscribe', id: topic, topic })
  expect(await greedy.closed).toMatchObject({ code: 4429 })
})

test('connections are counted, per credential and before they have one', async () => {
  const many = await Promise.all(Array.from({ length: 6 }, () => open(server.keys.manus_origin)))
  const codes = await Promise.race(many.map(({ closed }) => closed))
  expect(codes).toMatchObject({ code: 4429 })
  expect(many.filter(({ socket }) => socket.readyState === socket.OPEN)).toHaveLength(5)
  const anonymous = await Promise.all(Array.from({ length: 4 }, () => open()))
  expect(await Promise.race(anonymous.map(({ closed }) => closed))).toMatchObject({ code: 1013 })
})

test('a slow reader of a log is sent away, and comes back to all that it missed', async () => {
  const slow = await open(server.keys.smart_layer)
  await slow.next('welcome')
  await subscribe(slow)
  slow.socket.pause()
  const text = 'x'.repeat(15_000)
  let sent = 0
  while (server.realtime.subscriptions.has('flag')) {
    const rows = `select core.emit('flag', null, 'set', jsonb_build_object('number', $1::int + n, 'text', $2::text)) from generate_series(0, 99) n`
    await server.test.sql(rows, [sent, text])
    sent += 100
    expect(sent).toBeLessThan(5000)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  slow.socket.resume()
  expect(await slow.closed).toMatchObject({ code: 1013 })
  const heard = slow.events()
  const again = await open(server.keys.smart_layer)
  again.send({ op: 'subscribe', id: 'a', topic: 'flag', since: heard.at(-1)?.seq })
  await expect.poll(() => again.events().length, patience).toBe(sent - heard.length)
  const numbers = [...heard, ...again.events()].map(({ data }) => data['number'])
  expect(numbers).toEqual(Array.from({ length: sent }, (_, number) => number))
})

test('a slow reader of a state keeps its line and gets the newest of each', async () => {
  const { sql, database } = server.test
  await publishBalances(database)
  const slow = await open(server.keys.smart_layer)
  await slow.next('welcome')
  await subscribe(slow, 'ledger.balance')
  slow.socket.pause()
  const emit = `
    insert into core.event (topic, project, type, data, state_key)
    select 'ledger.balance', 'smart_layer', 'changed', jsonb_build_object('account', 'a' || n, 'version', $1::int, 'text', repeat('x', 15000)), 'a' || n
    from generate_series(1, 40) n
    on conflict (topic, state_key) where state_key is not null do update set data = excluded.data, seq = null`
  const rounds = 60
  for (let round = 1; round <= rounds; round++) {
    // From here on it reads, while much still waits and more comes.
    if (round === 45) slow.socket.resume()
    await sql(emit, [round])
    await sql(`select pg_notify('core_event', '')`)
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
  expect(server.realtime.connections.count()).toBe(1)
  const newest = () => new Map(slow.events().map(({ data }) => [data['account'], data['version']]))
  const versions = () => [...newest().values()].filter((version) => version === rounds).length
  await expect.poll(versions, patience).toBe(40)
  expect(slow.events().length).toBeLessThan(40 * rounds)
  const seqs = slow.events().map(({ seq }) => seq)
  expect(seqs).toEqual([...new Set(seqs)].sort((left, right) => left - right))
})

test('closing says goodbye to everybody with another time to come back, and leaves no line', async () => {
  const own = await openTestServer(undefined, undefined, { pollEveryMs: 100 })
  const address = await listen(own.app)
  const sockets = await Promise.all(Array.from({ length: 30 }, () => openSocket(address, own.keys.smart_layer)))
  for (const socket of sockets) await socket.next('welcome')
  const stream = await fetch(`${address}/v1/projects/current/events?topics=flag`, {
    headers: { authorization: `Bearer ${own.keys.smart_layer}` },
  })
  const streamed = stream.text()
  await own[Symbol.asyncDispose]()
  const byes = await Promise.all(
    sockets.map(async (socket) => {
      expect(await socket.closed).toMatchObject({ code: 1012 })
      return socket.next('bye')
    }),
  )
  expect(new Set(byes.map(({ retryAfterMs }) => retryAfterMs)).size).toBeGreaterThan(15)
  expect(await streamed).toMatch(/event: bye\ndata: \{"op":"bye","code":1012/)
})
