import type { Database } from '@core/database'
import { silentLogger, uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { trimOutbox } from '../src/nouns/event/loops.ts'
import { publishBalances } from '../src/nouns/ledger/publishing.ts'
import { createSubscriptions } from '../src/realtime/subscriptions.ts'
import { listen, openSocket } from './frames.ts'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
let url: string

beforeAll(async () => {
  server = await openTestServer(undefined, undefined, { pollEveryMs: 200 })
  url = await listen(server.app)
})
afterAll(() => server[Symbol.asyncDispose]())

const emit = (number: number, project: string | null = 'smart_layer', topic = 'ledger.alert') =>
  server.test.sql('select core.emit($1, $2, $3, $4)', [topic, project, 'threshold_crossed', { number }])
/** Generous: other suites share the machine. */
const patience = { timeout: 30_000 }
const numbers = (events: readonly { data: Record<string, unknown> }[]) => events.map(({ data }) => data['number'])

test('an event reaches those who subscribe to its topic, within its project', async () => {
  const [own, other, owner] = await Promise.all([
    openSocket(url, server.keys.smart_layer),
    openSocket(url, server.keys.manus_origin),
    openSocket(url, server.owner),
  ])
  const all = [own, other, owner]
  for (const socket of all) {
    expect(await socket.next('welcome')).toMatchObject({ epoch: expect.any(String) })
    socket.send({ op: 'subscribe', id: 'a', topic: 'ledger.alert' })
    await socket.next('subscribed')
  }
  await emit(1, 'smart_layer')
  await emit(2, 'manus_origin')
  await emit(3, null)
  await owner.next('event')
  await expect
    .poll(() => all.map((socket) => numbers(socket.events())))
    .toEqual([
      [1, 3],
      [2, 3],
      [1, 2, 3],
    ])
  expect(own.events()[0]).toMatchObject({
    topic: 'ledger.alert',
    project: 'smart_layer',
    type: 'threshold_crossed',
    data: { number: 1 },
  })
  own.send({ op: 'unsubscribe', id: 'a' })
  await own.next('unsubscribed')
  await emit(4)
  await expect.poll(() => owner.events().length, patience).toBe(4)
  expect(own.events()).toHaveLength(2)
  for (const { socket } of all) socket.close()
})

test('the owner may narrow a topic to one project', async () => {
  const owner = await openSocket(url, server.owner)
  owner.send({ op: 'subscribe', id: 'a', topic: 'ledger.alert', project: 'manus_origin' })
  await owner.next('subscribed')
  await emit(1, 'smart_layer')
  await emit(2, 'manus_origin')
  await owner.next('event')
  expect(numbers(owner.events())).toEqual([2])
  owner.socket.close()
})

test('what happened without a subscriber is replayed from since, and joins the present without a seam', async () => {
  const first = await openSocket(url, server.keys.smart_layer)
  const { seq } = await first.next('welcome')
  first.socket.close()
  for (let number = 0; number < 450; number++) await emit(number)
  const second = await openSocket(url, server.keys.smart_layer)
  second.send({ op: 'subscribe', id: 'a', topic: 'ledger.alert', since: seq })
  for (let number = 450; number < 500; number++) await emit(number)
  await expect.poll(() => second.events().length, patience).toBe(500)
  expect(numbers(second.events())).toEqual(Array.from({ length: 500 }, (_, number) => number))
  second.socket.close()
})

test('flags, keys and alerts make events; a member receives those that its scopes allow', async () => {
  const admin = await server.makeKey('smart_layer', [
    'event:read',
    'flag:read',
    'key:read',
    'ledger:read',
    'flag:write',
  ])
  const socket = await openSocket(url, admin)
  for (const topic of ['flag', 'key', 'ledger.alert', 'ledger.seal']) socket.send({ op: 'subscribe', id: topic, topic })
  expect(await socket.next('error')).toMatchObject({ id: 'ledger.seal', code: 'forbidden' })
  // That its own key was made may still have been on its way.
  const shown = () => socket.events().filter(({ data }) => data['name'] !== 'key')
  const { send, owner } = server
  const project = '/v1/projects/smart_layer'
  await send('PUT', `${project}/flags/a.b`, { key: owner, body: { value: { snake_case: 1 } } })
  await send('DELETE', `${project}/flags/a.b`, { key: owner })
  const { body } = await send('POST', `${project}/api-keys`, { key: owner, body: { name: 'shown' } })
  await send('POST', `${project}/api-keys/${body['id']}/reroll`, { key: owner, body: { overlapSeconds: 0 } })
  await send('DELETE', `${project}/api-keys/${body['id']}`, { key: owner })
  await server.test.database.rpc('key_create', {
    p_key: uuidv7(),
    p_hash: 'ab'.repeat(32),
    p_hint: 'x',
    p_name: 'whole system',
  })
  await server.test.sql(`select core_api.flag_set('common', '1')`)
  await expect
    .poll(() => shown().map(({ topic, type }) => `${topic} ${type}`))
    .toEqual(['flag set', 'flag cleared', 'key created', 'key created', 'key rerolled', 'key revoked', 'flag set'])
  expect(shown()[0]?.data).toMatchObject({ name: 'a.b', value: { snake_case: 1 }, rolloutBasisPoints: 10_000 })
  expect(JSON.stringify(socket.events())).not.toMatch(/hash|secret|ck_test_\w{30}/)
  socket.socket.close()
})

test('many changes of a balance become one event per project that draws on it, with the newest state', async () => {
  const { database } = server.test
  await publishBalances(database)
  const socket = await openSocket(url, server.keys.manus_origin)
  socket.send({ op: 'subscribe', id: 'a', topic: 'ledger.balance' })
  await socket.next('subscribed')
  for (let index = 0; index < 20; index++) {
    await database.rpc('ledger_charge', { p_key: uuidv7(), p_account: 'smart_layer', p_amount: 1000 })
  }
  await publishBalances(database)
  await publishBalances(database)
  const newest = { account: 'pool', settled: 999_980_000, available: 999_980_000, status: 'active' }
  await expect.poll(() => socket.events().at(-1)?.data, patience).toMatchObject(newest)
  await new Promise((resolve) => setTimeout(resolve, 300))
  // The state before may have been on its way when it subscribed; of the twenty changes it hears once.
  const versions = socket.events().map(({ data }) => Number(data['version']))
  expect(versions.filter((version) => version > Number(versions.at(-1)) - 20)).toHaveLength(1)
  // The outbox holds one row per purse and project, whatever happens.
  const [row] = await server.test.sql(`select count(*)::int as rows from core.event where topic = 'ledger.balance'`)
  expect(row).toEqual({ rows: 3 })
  socket.socket.close()
})

test('resync where the past is forgotten, is of another database, or lies ahead', async () => {
  const own = await openTestServer(undefined, undefined, { pollEveryMs: 100 })
  const address = await listen(own.app)
  const { sql, database } = own.test
  const put = () => sql(`select core.emit('flag', null, 'set', '{}')`)
  for (let index = 0; index < 5; index++) await put()
  await database.rpc('event_poll', { p_after: -1 })
  await sql(`update core.event set at = at - interval '8 days'`)
  await trimOutbox(database)
  const socket = await openSocket(address, own.keys.smart_layer)
  const { epoch, seq } = await socket.next('welcome')
  const subscribe = async (frame: object) => {
    const before = socket.frames.length
    socket.send({ op: 'subscribe', id: 'a', topic: 'flag', ...frame })
    await expect.poll(() => socket.frames.length, patience).toBe(before + 1)
    socket.send({ op: 'unsubscribe', id: 'a' })
    await socket.next('unsubscribed')
    return socket.frames[before]
  }
  expect(await subscribe({ since: 2 })).toMatchObject({ op: 'resync', reason: 'trimmed', epoch, seq })
  expect(await subscribe({ since: seq, epoch })).toMatchObject({ op: 'subscribed', seq })
  expect(await subscribe({ since: seq, epoch: uuidv7() })).toMatchObject({ op: 'resync', reason: 'epoch' })
  expect(await subscribe({ since: seq + 1000 })).toMatchObject({ op: 'resync', reason: 'epoch' })

  socket.send({ op: 'subscribe', id: 'b', topic: 'flag' })
  await socket.next('subscribed')
  await sql('update core.event_head set epoch = gen_random_uuid()')
  const isAnew = (frame: object) => 'id' in frame && frame.id === 'b' && 'reason' in frame && frame.reason === 'epoch'
  await expect.poll(() => socket.frames.some(isAnew), patience).toBe(true)
  await put()
  expect((await socket.next('event')).epoch).not.toBe(epoch)
  await own[Symbol.asyncDispose]()
})

test('one poller serves every client of the process, and its memory those who were away for a moment', async () => {
  const { database, sql } = server.test
  let polls = 0
  await using subscriptions = createSubscriptions({
    database: {
      listen: database.listen,
      rpc(name, args, options) {
        polls++
        return database.rpc(name, args, options)
      },
    },
    logger: silentLogger,
  })
  for (let number = 0; number < 100; number++) await emit(number)
  await subscriptions.feed.ready()
  await expect.poll(() => subscriptions.feed.position, patience).toBeGreaterThan(100)
  const heard = Array.from({ length: 200 }, (): number[] => [])
  for (const seqs of heard) {
    subscriptions.add({
      topics: ['ledger.alert'],
      project: 'smart_layer',
      claims: undefined,
      since: subscriptions.feed.position - 50,
      epoch: undefined,
      onStart: () => undefined,
      onEvent: ({ seq }) => seqs.push(seq),
      onFailure: (error) => expect(error).toBeUndefined(),
      isFull: () => false,
    })
  }
  await sql(`select core.emit('ledger.alert', null, 'threshold_crossed', '{}') from generate_series(1, 20)`)
  await expect.poll(() => heard.every((seqs) => seqs.length === 70), patience).toBe(true)
  expect(polls).toBeLessThan(20)
})

test('from now on means after the newest event, right after a start too', async () => {
  const { database } = server.test
  for (let number = 0; number < 50; number++) await emit(number)
  await using subscriptions = createSubscriptions({ database, logger: silentLogger })
  await subscriptions.feed.ready()
  const { head } = subscriptions.feed
  const started: number[] = []
  const received: unknown[] = []
  subscriptions.add({
    topics: ['ledger.alert'],
    project: 'smart_layer',
    claims: undefined,
    since: undefined,
    epoch: undefined,
    onStart: (seq) => started.push(seq),
    onEvent: ({ data }) => received.push(data['number']),
    onFailure: (error) => expect(error).toBeUndefined(),
    isFull: () => false,
  })
  await emit(1000)
  await expect.poll(() => received, patience).toEqual([1000])
  expect(started).toEqual([head])
})

test.each([5, 2000])('a replay goes as fast as its client reads, from %d events in memory', async (recentCapacity) => {
  const { database, sql } = server.test
  await using subscriptions = createSubscriptions({ database, logger: silentLogger, recentCapacity })
  await subscriptions.feed.ready()
  const since = subscriptions.feed.head
  await sql(`select core.emit('ledger.alert', 'smart_layer', 'threshold_crossed', '{}') from generate_series(1, 300)`)
  await expect.poll(() => subscriptions.feed.position, patience).toBeGreaterThanOrEqual(since + 300)
  let waiting = 0
  let received = 0
  let overflows = 0
  const reader = setInterval(() => (waiting = 0), 5)
  subscriptions.add({
    topics: ['ledger.alert'],
    project: 'smart_layer',
    claims: { role: 'core_member', project: 'smart_layer', caps: ['event:read', 'ledger:read'], sub: 'key:test' },
    since,
    epoch: undefined,
    onStart: () => undefined,
    onEvent() {
      if (waiting >= 20) overflows++
      waiting++
      received++
    },
    onFailure: (error) => expect(error).toBeUndefined(),
    isFull: () => waiting >= 20,
  })
  await expect.poll(() => received, patience).toBe(300)
  clearInterval(reader)
  expect(overflows).toBe(0)
})

test('an event that comes while the last page of the past is on its way is heard, once and in its place', async () => {
  const { database, sql } = server.test
  const put = (number: number) =>
    sql(`select core.emit('ledger.alert', 'smart_layer', 'threshold_crossed', jsonb_build_object('number', $1::int))`, [
      number,
    ])
  const isRead = Promise.withResolvers<void>()
  const mayAnswer = Promise.withResolvers<void>()
  // Who reads the past names topics; the feed does not. The first page is on its way until `mayAnswer`.
  const slow: Database['rpc'] = async (name, args, options) => {
    const answer = await database.rpc(name, args, options)
    if (name !== 'event_poll' || !('p_topics' in args)) return answer
    isRead.resolve()
    await mayAnswer.promise
    return answer
  }
  await using subscriptions = createSubscriptions({
    database: { rpc: slow, listen: database.listen },
    logger: silentLogger,
    recentCapacity: 1,
  })
  const { feed } = subscriptions
  await feed.ready()
  const since = feed.head
  for (const number of [1, 2, 3]) await put(number)
  await expect.poll(() => feed.position, patience).toBeGreaterThanOrEqual(since + 3)
  expect(feed.recent.covers(since)).toBe(false)

  const heard: unknown[] = []
  subscriptions.add({
    topics: ['ledger.alert'],
    project: 'smart_layer',
    claims: { role: 'core_member', project: 'smart_layer', caps: ['event:read', 'ledger:read'], sub: 'key:test' },
    since,
    epoch: feed.epoch,
    onStart: (_seq, resync) => expect(resync).toBeUndefined(),
    onEvent: ({ data }) => heard.push(data['number']),
    onFailure: (error) => expect(error).toBeUndefined(),
    isFull: () => false,
  })
  await isRead.promise
  const before = feed.position
  await put(4)
  await expect.poll(() => feed.position, patience).toBeGreaterThan(before)
  mayAnswer.resolve()
  await expect.poll(() => heard, patience).toEqual([1, 2, 3, 4])
  await put(5)
  await expect.poll(() => heard, patience).toEqual([1, 2, 3, 4, 5])
})

test('those who come from far back read the outbox page by page, and join a present that does not wait', async () => {
  const { database, sql } = server.test
  const put = (from: number, to: number) =>
    sql(
      `select core.emit('ledger.alert', 'smart_layer', 'threshold_crossed', jsonb_build_object('number', n)) from generate_series($1::int, $2::int) n`,
      [from, to],
    )
  await using subscriptions = createSubscriptions({ database, logger: silentLogger, recentCapacity: 5 })
  await subscriptions.feed.ready()
  await put(0, 0)
  await expect
    .poll(() => subscriptions.feed.recent.after(0).some(({ data }) => data['number'] === 0), patience)
    .toBe(true)
  const since = subscriptions.feed.position - 1
  await put(1, 1000)
  let isWriting = true
  let last = 1000
  const writing = (async () => {
    while (isWriting) {
      await put(last + 1, last + 7)
      last += 7
    }
  })()
  const heard: number[][] = []
  for (let reader = 0; reader < 12; reader++) {
    const own: number[] = []
    heard.push(own)
    subscriptions.add({
      topics: ['ledger.alert'],
      project: 'smart_layer',
      claims: { role: 'core_member', project: 'smart_layer', caps: ['event:read', 'ledger:read'], sub: 'key:test' },
      since,
      epoch: subscriptions.feed.epoch,
      onStart: (_seq, resync) => expect(resync).toBeUndefined(),
      onEvent: ({ data }) => own.push(Number(data['number'])),
      onFailure: (error) => expect(error).toBeUndefined(),
      isFull: () => false,
    })
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  isWriting = false
  await writing
  await expect.poll(() => heard.every((own) => own.at(-1) === last), patience).toBe(true)
  const all = Array.from({ length: last + 1 }, (_, number) => number)
  for (const own of heard) expect(own).toEqual(all)
})
