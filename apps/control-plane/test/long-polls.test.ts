import { setTimeout as pause } from 'node:timers/promises'
import { silentLogger, systemClock } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLongPolls } from '../src/http/long-polls.ts'
import { openTestServer, type TestServer, unlimited } from './test-server.ts'

let server: TestServer
let url: string
beforeAll(async () => {
  server = await openTestServer(silentLogger, unlimited, { waits: true })
  url = await server.app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => server[Symbol.asyncDispose]())

const inbox = '/v1/projects/manus_origin/inbox/receive'
const queues = '/v1/projects/manus_origin/tasks/claim'
const post = (path: string, body: object, key = server.keys.manus_origin) => server.send('POST', path, { key, body })
const sendMessage = () =>
  post('/v1/projects/smart_layer/messages', { to: 'manus_origin', type: 't' }, server.keys.smart_layer)
const claim = (queue: string, more: object = {}) => post(queues, { queues: [queue], worker: 'w', ...more })
const enqueue = (queue: string) => post('/v1/projects/manus_origin/tasks', { queue, kind: 'k' })

async function took(work: Promise<unknown>): Promise<number> {
  const since = performance.now()
  await work
  return performance.now() - since
}

test('an empty inbox is answered when a message arrives, and after its time where none does', async () => {
  const waiting = post(inbox, { waitSeconds: 20 })
  await pause(200)
  await sendMessage()
  const [elapsedMs, { body }] = await Promise.all([took(waiting), waiting])
  expect(elapsedMs).toBeLessThan(15_000)
  expect(body['messages']).toHaveLength(1)
  expect(await took(post(inbox, { waitSeconds: 1 }))).toBeGreaterThan(900)
  expect(await took(post(inbox, {}))).toBeLessThan(10_000)
})

test('an empty queue is answered when a task is ready', async () => {
  const waiting = claim('wait', { waitSeconds: 20 })
  await pause(200)
  await enqueue('wait')
  const [elapsedMs, { body }] = await Promise.all([took(waiting), waiting])
  expect(elapsedMs).toBeLessThan(15_000)
  expect(body['tasks']).toHaveLength(1)
})

test('who waits for a reply has it when it arrives, or when no reply will come', async () => {
  const ask = async () => {
    const { body } = await post('/v1/projects/manus_origin/messages', {
      to: 'smart_layer',
      type: 'ask',
      awaitReply: true,
    })
    return String(body['message'])
  }
  const replyTo = (message: string, wait: number) =>
    server.send('GET', `/v1/projects/manus_origin/messages/${message}/reply?waitSeconds=${wait}`, {
      key: server.keys.manus_origin,
    })
  const own = (path: string, body: object) => post(`/v1/projects/smart_layer/${path}`, body, server.keys.smart_layer)
  const [answered, rejected, ignored] = [await ask(), await ask(), await ask()]
  const waiting = [replyTo(answered, 20), replyTo(rejected, 20)] as const
  await pause(200)
  const { body } = await own('inbox/receive', { limit: 3 })
  const held = Object(body['messages']).find(({ message }: { message: string }) => message === rejected)
  await own('messages', { type: 'reply', replyTo: answered, payload: 42 })
  await own('inbox/nack', { delivery: held.delivery, fence: held.fence, outcome: 'dead', error: 'no' })
  const [elapsedMs, [first, second]] = await Promise.all([took(Promise.all(waiting)), Promise.all(waiting)])
  expect(elapsedMs).toBeLessThan(15_000)
  expect(first.body).toMatchObject({ status: 'replied', reply: { payload: 42 } })
  expect(second.body).toMatchObject({ status: 'dead', error: 'no', reply: null })
  expect(await took(replyTo(ignored, 1))).toBeGreaterThan(900)
  expect((await replyTo(ignored, 0)).body).toMatchObject({ status: 'waiting' })
})

test('of many that wait for one queue each gets one of its tasks', async () => {
  const waiting = Promise.all(Array.from({ length: 5 }, () => claim('many', { waitSeconds: 20 })))
  await pause(200)
  for (let at = 0; at < 5; at++) await enqueue('many')
  const tasks = (await waiting).flatMap(({ body }) => Object(body['tasks']).map(({ task }: { task: string }) => task))
  expect(new Set(tasks).size).toBe(5)
})

test('a client that has gone takes nothing with it', async () => {
  const gone = new AbortController()
  const headers = {
    authorization: `Bearer ${server.keys.manus_origin}`,
    'content-type': 'application/json',
    connection: 'close',
  }
  const body = JSON.stringify({ queues: ['gone'], worker: 'w', waitSeconds: 20 })
  const request = fetch(`${url}${queues}`, { method: 'POST', headers, body, signal: gone.signal })
  await pause(300)
  gone.abort()
  await expect(request).rejects.toThrow()
  await pause(100)
  await enqueue('gone')
  await pause(1_500) // longer than until the next look
  expect((await claim('gone')).body['tasks']).toHaveLength(1)
})

describe('those that wait', () => {
  const empty = { ok: true, inboxes: [], replies: [], queues: [] }
  /** A database with nothing for anybody. */
  const open = (limits = { subject: 2, all: 3 }, everyMs = 10) => {
    const calls: unknown[] = []
    const rpc = async (_name: string, args: unknown) => {
      calls.push(args)
      return empty
    }
    const listen = async () => ({ [Symbol.asyncDispose]: async () => undefined })
    const database = Object.assign(Object.create(null), { rpc, listen })
    return { calls, polls: createLongPolls({ database, clock: systemClock, logger: silentLogger, limits, everyMs }) }
  }
  const wait = (polls: ReturnType<typeof createLongPolls>, subject: string, waitMs = 60_000, project = 'a') =>
    polls.poll({
      subject,
      awaited: { inboxes: [project] },
      waitMs,
      signal: new AbortController().signal,
      read: async () => [],
      isEmpty: (found) => found.length === 0,
    })

  test('are bounded for each credential and in all', async () => {
    const { polls } = open()
    const all = [wait(polls, 'one'), wait(polls, 'one')]
    await pause(5)
    await expect(wait(polls, 'one')).rejects.toMatchObject({ problem: 'rate_limited' })
    all.push(wait(polls, 'two'))
    await pause(5)
    await expect(wait(polls, 'three')).rejects.toMatchObject({ problem: 'rate_limited' })
    expect(polls.waiting).toBe(3)
    await polls[Symbol.asyncDispose]()
    expect(await Promise.all(all)).toEqual([[], [], []])
    expect(polls.waiting).toBe(0)
  })

  test('are answered at once when the server ends', async () => {
    const { polls } = open()
    const waiting = wait(polls, 'one')
    await pause(5)
    polls.end()
    expect(await took(waiting)).toBeLessThan(10_000)
    expect(await took(wait(polls, 'one'))).toBeLessThan(10_000)
    await polls[Symbol.asyncDispose]()
  })

  test('cost one query an interval, however many they are', async () => {
    const { calls, polls } = open({ subject: 1_000, all: 1_000 }, 50)
    const all = Array.from({ length: 500 }, (_, at) => wait(polls, 'one', 300, `p${at % 100}`))
    await Promise.all(all)
    await polls[Symbol.asyncDispose]()
    expect(calls.length).toBeLessThanOrEqual(9)
    expect(Object(calls[0]).p_inboxes).toHaveLength(100)
  })
})
