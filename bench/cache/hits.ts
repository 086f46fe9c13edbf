import { createCache } from '@core/cache'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { createCache as createCacheManager } from 'cache-manager'
import { Cacheable } from 'cacheable'
import { LRUCache } from 'lru-cache'
import { type Contestant, measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'

const keys = Array.from({ length: 1_000 }, (_, index) => `question:${index}`)
const tagged = keys.map((key) => `tagged:${key}`)
const value = { text: 'an answer' }
const load = () => value
const notCalled = () => {
  throw new Error('a hit was no hit')
}
const ttlMs = 3_600_000

/** Hits of 1,000 keys in memory, one after the other, each awaited where the cache answers with a promise. */
export async function measureHits({ measure: options, signal }: BenchContext): Promise<Row[]> {
  const raw = new LRUCache<string, typeof value>({ max: 10_000 })
  await using cache = createCache({ l1: { maxItems: 10_000 } })
  const bento = new BentoCache({
    default: 'memory',
    stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: 10_000 })) },
  })
  const cacheable = new Cacheable()
  const manager = createCacheManager({ ttl: ttlMs })
  for (const key of keys) {
    raw.set(key, value)
    await cache.set(key, value, { ttl: ttlMs })
    await bento.getOrSet({ key, factory: load, ttl: ttlMs })
    await cacheable.getOrSet(key, async () => value, { ttl: ttlMs })
    await manager.wrap(key, load)
  }
  for (const key of tagged) await cache.set(key, value, { ttl: ttlMs, tags: ['model:small', 'org:7'] })

  const measured = await measure(
    [
      toContestant('lru-cache get', (count) => {
        let found = 0
        for (let index = 0; index < count; index++) if (raw.get(keyAt(keys, index)) === value) found++
        return found
      }),
      toContestant('peek', (count) => {
        let found = 0
        for (let index = 0; index < count; index++) if (cache.peek(keyAt(keys, index)) === value) found++
        return found
      }),
      toContestant('getOrSet', async (count) => {
        let found = 0
        for (let index = 0; index < count; index++)
          if ((await cache.getOrSet(keyAt(keys, index), notCalled)) === value) found++
        return found
      }),
      toContestant('getOrSet, 2 tags', async (count) => {
        let found = 0
        for (let index = 0; index < count; index++)
          if ((await cache.getOrSet(keyAt(tagged, index), notCalled)) === value) found++
        return found
      }),
      toContestant('bentocache getOrSet', async (count) => {
        let found = 0
        for (let index = 0; index < count; index++)
          if ((await bento.getOrSet({ key: keyAt(keys, index), factory: load, ttl: ttlMs })) !== undefined) found++
        return found
      }),
      toContestant('cacheable getOrSet', async (count) => {
        let found = 0
        for (let index = 0; index < count; index++)
          if ((await cacheable.getOrSet(keyAt(keys, index), async () => value)) !== undefined) found++
        return found
      }),
      toContestant('cache-manager wrap', async (count) => {
        let found = 0
        for (let index = 0; index < count; index++)
          if ((await manager.wrap(keyAt(keys, index), load)) !== undefined) found++
        return found
      }),
    ],
    { ...options, signal },
  )
  await Promise.all([bento.disconnectAll(), cacheable.disconnect(), manager.disconnect()])

  const nanoseconds = (name: string) => 1e9 / measured.perSecond(name)
  const ratio = (name: string, other: string) => measured.ratio(name, other).middle
  return [
    toRow('a bare get of lru-cache', nanoseconds('lru-cache get'), 'ns'),
    toRow('a hit of peek', nanoseconds('peek'), 'ns'),
    toRow('a hit of getOrSet', nanoseconds('getOrSet'), 'ns'),
    toRow('a hit of getOrSet, 2 tags', nanoseconds('getOrSet, 2 tags'), 'ns'),
    toRow('a hit of bentocache', nanoseconds('bentocache getOrSet'), 'ns'),
    toRow('a hit of cacheable', nanoseconds('cacheable getOrSet'), 'ns'),
    toRow('a hit of cache-manager', nanoseconds('cache-manager wrap'), 'ns'),
    toRow('getOrSet, time against lru-cache', ratio('lru-cache get', 'getOrSet'), 'x', goals.hitAgainstRaw),
    toRow(
      'getOrSet, hits against bentocache',
      ratio('getOrSet', 'bentocache getOrSet'),
      'x',
      goals.hitAgainstBentocache,
    ),
    toRow('peek, time against lru-cache', ratio('lru-cache get', 'peek'), 'x', goals.peekAgainstRaw),
    toRow('what 2 tags add to a hit', (ratio('getOrSet', 'getOrSet, 2 tags') - 1) * 100, '%', goals.tagCost),
  ]
}

function keyAt(list: readonly string[], index: number): string {
  return list[index % list.length] ?? ''
}

/** `run` answers how many hits it had, which have to be all. */
function toContestant(name: string, run: (count: number) => number | Promise<number>): Contestant {
  return {
    name,
    async run(count) {
      const found = await run(count)
      if (found !== count) throw new Error(`${name} had ${found} hits of ${count}`)
      return []
    },
  }
}
