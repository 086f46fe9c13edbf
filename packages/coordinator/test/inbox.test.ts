import { createTestDatabase, openEmbeddedDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Coordinator, createCoordinator, type Delivered } from '../src/index.ts'

let on: TestDatabase
let count = 0

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 12 })
})
afterAll(() => on.drop())

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const join = async (database: TestDatabase['database'] = on.database): Promise<[Coordinator, string]> => {
  const project = `project${count++}`
  await database.rpc('project_register', { p_name: project })
  return [createCoordinator({ database, project }), project]
}
/** Receives until so many have come; each is given to `use`, or acknowledged. */
async function take(
  of: Coordinator,
  most: number,
  use = async (message: Delivered): Promise<unknown> => message.ack(),
  options = {},
): Promise<unknown[]> {
  const ending = new AbortController()
  const seen: unknown[] = []
  for await (const message of of.messages.inbox({ signal: ending.signal, ...options })) {
    await use(message)
    seen.push(message.payload)
    if (seen.length === most) ending.abort()
  }
  return seen
}

test('a member sends, and its sibling’s loop receives in order and acknowledges', async () => {
  const [[sender], [recipient, name]] = [await join(), await join()]
  await using me = await sender.join({ fingerprint: '1'.repeat(64) })
  for (let at = 0; at < 25; at++) await me.send(name, 'count', at)
  expect(await take(recipient, 25)).toEqual(Array.from({ length: 25 }, (_, at) => at))
  expect(await recipient.messages.receive()).toEqual([])
  const kinds: string[] = []
  for await (const { status } of recipient.messages.list({ box: 'acked' })) kinds.push(status)
  expect(kinds).toHaveLength(25)
})

test('a hint wakes a loop that waits at an empty inbox', async () => {
  const [[sender], [recipient, name]] = [await join(), await join()]
  const latencies: number[] = []
  const receiving = take(
    recipient,
    10,
    async (message) => {
      latencies.push(performance.now() - Number(message.payload))
      await message.ack()
    },
    { pollMs: 60_000 },
  )
  for (let at = 0; at < 10; at++) {
    await sender.messages.send(name, 'ping', performance.now())
    await pause(20)
  }
  await receiving
  // Without hints it would look again after 45 seconds at the soonest.
  expect(Math.max(...latencies)).toBeLessThan(45_000)
})

test('without hints a loop looks at its inbox at intervals', async () => {
  const [[sender], [, name]] = [await join(), await join()]
  const { database } = on
  const deaf = createCoordinator({
    database: { rpc: (method, args, options) => database.rpc(method, args, options) },
    project: name,
  })
  const receiving = take(deaf, 1, undefined, { pollMs: 50 })
  await pause(100)
  await sender.messages.send(name, 'late', 'here')
  expect(await receiving).toEqual(['here'])
})

test('a message is held for as long as its handler takes', async () => {
  const [[sender], [recipient, name]] = [await join(), await join()]
  await sender.messages.send(name, 'slow', 1)
  const thief = recipient.messages
  let stolen: unknown[] = []
  await take(
    recipient,
    1,
    async (message) => {
      await pause(3_300)
      stolen = await thief.receive()
      expect(message.signal.aborted).toBe(false)
      expect(await message.ack()).toBe(true)
    },
    { visibleSeconds: 3 },
  )
  expect(stolen).toEqual([])
})

test('who is too late sees it: the signal aborts, and the acknowledgement is refused', async () => {
  const [[sender], [recipient, name]] = [await join(), await join()]
  await sender.messages.send(name, 'lost', 1)
  await take(
    recipient,
    1,
    async (message) => {
      await on.sql(`update core.message_delivery set leased_until = clock_timestamp() where id = $1`, [
        message.delivery,
      ])
      const [successor] = await recipient.messages.receive()
      expect(successor?.attempt).toBe(2)
      await new Promise((resolve) => message.signal.addEventListener('abort', resolve, { once: true }))
      expect(await message.ack()).toBe(false)
      expect(await message.nack('late')).toBe('stale')
      expect(await successor?.ack()).toBe(true)
    },
    { visibleSeconds: 3 },
  )
})

test('a loop that ends gives back what it has not reached, without counting the attempt', async () => {
  const [[sender], [recipient, name]] = [await join(), await join()]
  for (let at = 0; at < 5; at++) await sender.messages.send(name, 'batch', at)
  for await (const message of recipient.messages.inbox()) {
    await message.ack()
    break
  }
  const rest = await recipient.messages.receive()
  expect(rest.map(({ payload, attempt }) => [payload, attempt])).toEqual([1, 2, 3, 4].map((at) => [at, 1]))
})

test('a request gets its reply; one without a reply, and one that is rejected, say so', async () => {
  const [[asker], [replier, name]] = [await join(), await join()]
  const serving = take(
    replier,
    2,
    async (message) => {
      if (message.type === 'refuse') return message.nack('not here', { outcome: 'dead' })
      await message.reply({ doubled: Number(message.payload) * 2 })
      return message.ack()
    },
    { pollMs: 50 },
  )
  expect(await asker.messages.request(name, 'double', 21)).toMatchObject({ from: name, payload: { doubled: 42 } })
  await expect(asker.messages.request(name, 'refuse')).rejects.toMatchObject({
    code: 'E_CONFLICT',
    message: expect.stringContaining('not here'),
  })
  await serving
  await expect(asker.messages.request(name, 'silence', {}, { timeoutMs: 300 })).rejects.toMatchObject({
    code: 'E_TIMEOUT',
  })
})

test('topics, broadcasts and dead letters through the same object', async () => {
  const [[publisher], [subscriber]] = [await join(), await join()]
  await subscriber.messages.subscribe('topic:own')
  await subscriber.messages.send('topic:own', 'item', 1)
  expect(await subscriber.messages.subscriptions()).toMatchObject([{ topic: 'own' }])
  expect((await publisher.messages.broadcast('all', { hello: true })).recipients).toBeGreaterThan(0)
  const received = await subscriber.messages.receive()
  expect(received.map(({ type }) => type)).toEqual(['item', 'all'])
  expect(await received[0]?.nack('no', { outcome: 'dead' })).toBe('dead')
  expect(await subscriber.messages.ack(received.slice(1))).toEqual([])
  expect(await subscriber.messages.retry(received[0]?.delivery ?? '')).toBe(true)
  expect(await subscriber.messages.unsubscribe('topic:own')).toBe(true)
  await expect(publisher.messages.get(received[0]?.id ?? '')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
})

test('works on the embedded database', async () => {
  await using database = await openEmbeddedDatabase()
  const [[sender], [recipient, name]] = [await join(database), await join(database)]
  await sender.messages.send(name, 'note', { left: 3 })
  expect(await take(recipient, 1)).toEqual([{ left: 3 }])
})
