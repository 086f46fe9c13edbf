import { createClient } from 'redis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createCache } from '../src/index.ts'
import { redisStore } from '../src/stores/redis.ts'
import { describeStore } from '../src/testing/store-contract.ts'
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
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    await using again = await startRedisServer(own.port)
    expect(again.port).toBe(own.port)
    for (let tries = 0; tries < 100; tries++) {
      await cache.set('back', tries)
      if ((await client.dbSize().catch(() => 0)) > 0) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(await client.dbSize()).toBeGreaterThan(0)
  })
}
