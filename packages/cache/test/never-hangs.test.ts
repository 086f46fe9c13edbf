import { openDatabase } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cache, type CacheStore, createCache } from '../src/index.ts'
import { postgresStore } from '../src/stores/postgres.ts'
import { redisStore } from '../src/stores/redis.ts'
import { type FaultyProxy, type ProxyFault, startFaultyProxy } from './faulty-proxy.ts'
import { findRedisServer, type RedisServer, startRedisServer } from './redis-server.ts'

/** A shared tier that accepts calls and does not answer, answers late, or answers half: no call waits beyond its limit. */

const hardTimeoutMs = 600
const storeTimeoutMs = 200
/** What a busy machine adds. */
const marginMs = 10_000

interface Tier {
  readonly proxy: FaultyProxy
  open(): Promise<CacheStore & AsyncDisposable>
}

const calls: Readonly<Record<string, (cache: Cache) => Promise<unknown>>> = {
  getOrSet: (cache) => cache.getOrSet(`new ${Math.random()}`, () => 'loaded', { hardTimeoutMs }),
  getOrSetMany: (cache) =>
    cache.getOrSetMany(['m1', 'm2'], (keys) => new Map(keys.map((key) => [key, 1])), { hardTimeoutMs }),
  get: (cache) => cache.get('missing', { timeoutMs: hardTimeoutMs }),
  getMany: (cache) => cache.getMany(['missing', 'k'], { timeoutMs: hardTimeoutMs }),
  has: (cache) => cache.has('missing'),
  set: (cache) => cache.set('set', 1),
  setMany: (cache) =>
    cache.setMany([
      ['set', 1],
      ['set2', 2],
    ]),
  delete: (cache) => cache.delete('deleted'),
  expire: (cache) => cache.expire('expired'),
  invalidateTags: (cache) => cache.invalidateTags('t'),
  clear: (cache) => cache.namespace('other').clear(),
  sweep: (cache) => cache.sweep(),
}

async function within(ms: number, work: Promise<unknown>): Promise<unknown> {
  const startedAt = performance.now()
  const answer = await work
  expect(performance.now() - startedAt).toBeLessThan(ms)
  return answer
}

function describeTier(name: string, start: () => Promise<Tier & AsyncDisposable>): void {
  describe(name, () => {
    let tier: Tier & AsyncDisposable
    beforeAll(async () => {
      tier = await start()
    })
    afterAll(() => tier?.[Symbol.asyncDispose]())
    const openCache = (store: CacheStore) =>
      createCache({ store, storeTimeoutMs, pollMs: 20, sweep: { intervalMs: 50 } })

    it.each<ProxyFault>(['stall', 'half', 'late'])(
      '%s in flight: every call ends, and memory serves',
      async (fault) => {
        tier.proxy.fault = 'none'
        await using store = await tier.open()
        const cache = openCache(store)
        try {
          await cache.set('k', 'v')
          tier.proxy.fault = fault
          for (const [call, run] of Object.entries(calls)) {
            await within(hardTimeoutMs + marginMs, run(cache)).catch((error: unknown) => {
              throw new Error(`${call} failed`, { cause: error })
            })
            expect(
              await within(
                50 + marginMs,
                cache.getOrSet('k', () => 'not loaded'),
              ),
            ).toBe('v')
          }
          expect(await cache.getOrSet('new', () => 'loaded', { hardTimeoutMs })).toBe('loaded')
          expect(cache.stats().sharedErrors).toBeGreaterThan(0)
        } finally {
          await within(5_000 + marginMs, cache.close())
          tier.proxy.fault = 'none'
        }
      },
    )

    it('is left alone for a while after some failures: calls do not wait for it one by one', async () => {
      await using store = await tier.open()
      let reads = 0
      const counting: CacheStore = Object.assign(Object.create(store), {
        read: (...args: Parameters<CacheStore['read']>) => {
          reads++
          return store.read(...args)
        },
      })
      const cache = openCache(counting)
      try {
        tier.proxy.fault = 'stall'
        for (let call = 0; call < 30; call++) expect(await cache.getOrSet(`alone ${call}`, () => call)).toBe(call)
        expect(reads).toBeLessThan(10)
      } finally {
        await within(5_000 + marginMs, cache.close())
        tier.proxy.fault = 'none'
      }
    })

    it('from the beginning: a cache that never reached its tier answers from its loads', async () => {
      await using store = await tier.open()
      tier.proxy.fault = 'stall'
      const cache = openCache(store)
      try {
        expect(
          await within(
            hardTimeoutMs + marginMs,
            cache.getOrSet('k2', () => 'loaded', { hardTimeoutMs }),
          ),
        ).toBe('loaded')
        expect(cache.peek('k2')).toBe('loaded')
      } finally {
        await within(5_000 + marginMs, cache.close())
        tier.proxy.fault = 'none'
      }
    })
  })
}

describeTier('Postgres', async () => {
  const on: TestDatabase = await createTestDatabase()
  const url = new URL(on.url)
  const proxy = await startFaultyProxy(Number(url.port))
  url.port = String(proxy.port)
  return {
    proxy,
    async open() {
      const database = await openDatabase({ driver: 'postgres', url: url.href, poolSize: 4 })
      const store = postgresStore({ database, project: 'smart_layer' })
      return Object.assign(store, { [Symbol.asyncDispose]: () => database.close() })
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await on.drop()
    },
  }
})

if (findRedisServer() === undefined) {
  it('a Redis tier that does not answer', ({ skip }) => skip('no redis-server on this machine'))
} else {
  describeTier('Redis', async () => {
    const server: RedisServer = await startRedisServer()
    const proxy = await startFaultyProxy(server.port)
    return {
      proxy,
      async open() {
        const client = createClient({ url: `redis://127.0.0.1:${proxy.port}` })
        client.on('error', () => undefined) // what happens to the connection is what is tested
        await client.connect()
        const store = redisStore({ client, project: 'smart_layer' })
        return Object.assign(store, { [Symbol.asyncDispose]: async () => client.destroy() })
      },
      async [Symbol.asyncDispose]() {
        await proxy[Symbol.asyncDispose]()
        await server[Symbol.asyncDispose]()
      },
    }
  })
}
