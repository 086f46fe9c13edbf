import { readServerSentEvents } from '@core/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listen } from './frames.ts'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
let url: string

beforeAll(async () => {
  server = await openTestServer(undefined, undefined, { pollEveryMs: 100 })
  url = await listen(server.app)
})
afterAll(() => server[Symbol.asyncDispose]())

const path = '/v1/projects/current/events'

/** Reads messages until there are so many. */
async function read(query: string, count: number, headers: Record<string, string> = {}, key = server.keys.smart_layer) {
  const controller = new AbortController()
  const response = await fetch(`${url}${path}?${query}`, {
    headers: { authorization: `Bearer ${key}`, ...headers },
    signal: controller.signal,
  })
  if (response.body === null) throw new Error('no body')
  const messages: { event: string; id: string | undefined; data: Record<string, unknown> }[] = []
  const timer = setTimeout(() => controller.abort(), 10_000)
  for await (const { event, id, data } of readServerSentEvents(response.body)) {
    messages.push({ event, id, data: JSON.parse(data) })
    if (messages.length === count) break
  }
  clearTimeout(timer)
  controller.abort()
  return { response, messages }
}

const flag = (value: number) => server.test.sql(`select core_api.flag_set('a', $1)`, [String(value)])
const values = (messages: readonly { data: Record<string, unknown> }[]) =>
  messages.flatMap(({ data }) => (data['op'] === 'event' ? [Object(data['data']).value] : []))

test('a stream says where it begins, and continues from the last id', async () => {
  const { messages: none, response } = await read('topics=flag', 1)
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(none).toMatchObject([{ event: 'subscribed', data: { op: 'subscribed', topics: ['flag'] } }])
  for (let value = 1; value <= 5; value++) await flag(value)
  const { messages: first } = await read('topics=flag', 4, { 'last-event-id': String(none[0]?.id) })
  expect(values(first)).toEqual([1, 2, 3])
  const { messages: rest } = await read('topics=flag,ledger.alert', 3, { 'last-event-id': String(first.at(-1)?.id) })
  expect(values(rest)).toEqual([4, 5])
  const since = String(first.at(-1)?.id).split(':')[1]
  expect(values((await read(`topics=flag&since=${since}`, 3)).messages)).toEqual([4, 5])
})

test('an id of another database is answered with resync', async () => {
  const { messages } = await read('topics=flag', 1, { 'last-event-id': '019ab2c4-0000-7000-8000-000000000000:3' })
  expect(messages).toMatchObject([{ event: 'resync', data: { op: 'resync', reason: 'epoch' } }])
})

test('what cannot be understood or heard is refused before anything streams', async () => {
  const get = (query: string, headers = {}) =>
    server.send('GET', `${path}${query}`, { key: server.keys.smart_layer, headers })
  expect(await get('')).toMatchObject({ status: 400, body: { code: 'invalid' } })
  expect(await get('?topics=nothing')).toMatchObject({ status: 400 })
  expect(await get('?topics=flag&since=x')).toMatchObject({ status: 400 })
  expect(await get('?topics=flag', { 'last-event-id': 'x' })).toMatchObject({ status: 400 })
  expect(await get('?topics=key')).toMatchObject({ status: 403, body: { scope: 'key:read' } })
  expect(await server.send('HEAD', `${path}?topics=flag`, { key: server.keys.smart_layer })).toMatchObject({
    status: 200,
  })
  await expect.poll(() => server.realtime.connections.count(), { timeout: 30_000 }).toBe(0)
})

test('a stream that is left frees its place', async () => {
  await read('topics=flag', 1)
  await expect.poll(() => server.realtime.connections.count(), { timeout: 30_000 }).toBe(0)
})
