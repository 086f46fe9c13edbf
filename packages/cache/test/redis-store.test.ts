import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createCache } from '../src/index.ts'
import { redisStore } from '../src/stores/redis.ts'
import { describeStore } from '../src/testing/store-contract.ts'
import { checkSkewedClocks } from './clock-skew.ts'
import { findRedisServer, type RedisServer, startRedisServer } from './redis-server.ts'

const version = findRedisServer()
let server: RedisServer
const clients: { destroy(): void }[] = []

async function connect(port = server.port) {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true })
  client.on('error', () => undefined) // a test ends the server on purpose
  await client.connect()
  clients.push(client)
  return client
}

if (version === undefined) {
  it('a Redis server behind the memory', ({ skip }) => skip('no redis-server on this machine'))
} else {
  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(async () => {
    for (const client of clients) client.destroy()
    await server[Symbol.asyncDispose]()
  })

  describeStore(`redis store, server ${version}`, async () => {
    const client = await connect()
    return { open: () => redisStore({ client, project: 'smart_layer' }), async [Symbol.asyncDispose]() {} }
  })

  const connectIoredis = () => {
    const client = new Redis(server.port, '127.0.0.1', { lazyConnect: true, maxRetriesPerRequest: 0 })
    client.on('error', () => undefined)
    clients.push({ destroy: () => client.disconnect() })
    return client
  }

  describeStore(`redis store through ioredis, server ${version}`, async () => {
    const client = connectIoredis()
    return { open: () => redisStore({ client, project: 'ioredis_user' }), async [Symbol.asyncDispose]() {} }
  })

  const subscribers = {
    'node-redis': connect,
    ioredis: async () => {
      const client = connectIoredis()
      await client.connect()
      return client
    },
  }

  it.each(Object.entries(subscribers))('a change elsewhere is heard of at once through %s', async (name, open) => {
    const project = `hints_${name.replace('-', '_')}`
    const options = { namespace: 'n', jitter: 0, storeTimeoutMs: 20_000 }
    const client = await open()
    const subscriber = await open()
    // Hints begin with the first poll, one interval after the start.
    await using reader = createCache({ ...options, pollMs: 1_000, store: redisStore({ client, subscriber, project }) })
    await using other = createCache({ ...options, pollMs: 1_000, store: redisStore({ client, subscriber, project }) })
    await using writer = createCache({ ...options, pollMs: 60_000, store: redisStore({ client, project }) })
    const changes = [
      () => writer.set('k', 'new'),
      () => writer.delete('k'),
      () => writer.expire('k'),
      () => writer.invalidateTags('t'),
      () => writer.clear(),
    ]
    const lags: number[] = []
    for (let round = 0; round < 3; round++) {
      for (const change of changes) {
        for (const cache of [reader, other]) await cache.set('k', 'old', { tags: ['t'] })
        await reader.getOrSet('k', () => 'old', { tags: ['t'] })
        await change()
        const startedAt = performance.now()
        await expect.poll(() => reader.peek('k'), { timeout: 30_000, interval: 2 }).not.toBe('old')
        lags.push(performance.now() - startedAt)
      }
    }
    // The first round waits for the poll with which hints begin.
    expect(
      Math.max(
        ...lags
          .slice(5)
          .sort((a, b) => a - b)
          .slice(0, 8),
      ),
    ).toBeLessThan(100)
  })

  it('clocks that differ by two days change no lifetime', async () => {
    const client = await connect()
    await checkSkewedClocks(() => redisStore({ client, project: 'skewed' }))
  })

  it('serves from memory while the server is killed, and continues when it is back', async () => {
    const own = await startRedisServer()
    const client = await connect(own.port)
    await using cache = createCache({ store: redisStore({ client, project: 'smart_layer' }), storeTimeoutMs: 300 })
    await cache.set('k', 'v')
    await own[Symbol.asyncDispose]()
    const startedAt = performance.now()
    expect(await cache.getOrSet('k', () => 'not called')).toBe('v')
    expect(await cache.getOrSet('new', () => 'loaded')).toBe('loaded')
    await cache.delete('k')
    expect(performance.now() - startedAt).toBeLessThan(30_000)
    await using again = await startRedisServer(own.port)
    expect(again.port).toBe(own.port)
    for (let tries = 0; tries < 100; tries++) {
      await cache.set('back', tries)
      if ((await client.dbSize().catch(() => 0)) > 0) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(await client.dbSize()).toBeGreaterThan(0)
  })

  it('a server that is killed under load: every call is answered, one load a key, and both continue', async () => {
    const own = await startRedisServer()
    const [left, right] = [await connect(own.port), await connect(own.port)]
    const open = (client: typeof left) =>
      createCache({
        store: redisStore({ client, project: 'smart_layer' }),
        storeTimeoutMs: 300,
        pollMs: 50,
        jitter: 0,
      })
    await using a = open(left)
    await using b = open(right)
    let isStopped = false
    let [answers, slowestMs] = [0, 0]
    const caller = async (number: number) => {
      while (!isStopped) {
        const startedAt = performance.now()
        const key = `k${number}:${answers % 50}`
        const cache = number % 2 === 0 ? a : b
        expect(await cache.getOrSet(key, () => key, { hardTimeoutMs: 2_000, ttl: '1h' })).toBe(key)
        slowestMs = Math.max(slowestMs, performance.now() - startedAt)
        answers++
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    const callers = Promise.all(Array.from({ length: 10 }, (_, number) => caller(number)))
    try {
      await expect.poll(() => answers, { timeout: 30_000 }).toBeGreaterThan(50)
      await own[Symbol.asyncDispose]()
      const whileAway = answers
      await expect.poll(() => answers, { timeout: 30_000 }).toBeGreaterThan(whileAway + 50)
      await using _again = await startRedisServer(own.port)
      let round = 0
      const setAndGet = async () => {
        await a.set('after', ++round)
        return (await b.get('after')) === round
      }
      await expect.poll(setAndGet, { timeout: 60_000, interval: 200 }).toBe(true)
    } finally {
      isStopped = true
      await callers
    }
    expect(slowestMs).toBeLessThan(30_000)
  })
}
