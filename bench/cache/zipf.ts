import { createCache } from '@core/cache'
import { postgresStore } from '@core/cache/postgres'
import type { Database } from '@core/database'
import { createRandom } from '../random.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'

/** The workload: what two siblings ask, each for itself, of the same questions. */
const workload = { exponent: 0.99, keys: 20_000, calls: 60_000, siblings: 2, memoryItems: 2_000, ttl: '1h' } as const

/** Part of the calls that needed no load, cold start included. */
export async function measureHitRatio(database: Database, context: BenchContext): Promise<Row[]> {
  const { exponent, keys, siblings, memoryItems, ttl } = workload
  const calls = context.isQuick ? 400 : workload.calls
  context.describe('cache workload', { ...workload, calls, distribution: 'Zipf', sharedTier: 'Postgres' })
  const pick = createZipf(keys, exponent, createRandom(42))
  const caches = Array.from({ length: siblings }, () =>
    createCache({
      namespace: 'zipf',
      l1: { maxItems: memoryItems },
      store: postgresStore({ database, project: 'bench' }),
    }),
  )
  let loads = 0
  const load = ({ key }: { key: string }) => {
    loads++
    return `the answer to ${key}`
  }
  const callers = 16
  let left = calls
  const work = async () => {
    while (left-- > 0) {
      context.signal.throwIfAborted()
      const key = `question:${pick()}`
      const answer = await caches[left % siblings]?.getOrSet(key, load, { ttl })
      if (answer !== `the answer to ${key}`) throw new Error(`${key} was answered with ${String(answer)}`)
    }
  }
  await Promise.all(Array.from({ length: callers }, work))
  const inMemory = caches.reduce((sum, cache) => sum + cache.stats().hits, 0)
  await Promise.all(caches.map((cache) => cache.close()))
  const hits = ((calls - loads) / calls) * 100
  const name = `calls without a load, Zipf ${exponent} over ${keys.toLocaleString('en')} keys, ${siblings} siblings`
  return [
    toRow(name, hits, '%', context.isQuick ? undefined : goals.hitRatio),
    toRow(`of them from a memory of ${memoryItems.toLocaleString('en')} entries`, (inMemory / calls) * 100, '%'),
  ]
}

/** Draws 0 to count - 1, each with a probability of 1 / (rank ** exponent). */
function createZipf(count: number, exponent: number, random: () => number): () => number {
  const sums = new Float64Array(count)
  let sum = 0
  for (let rank = 0; rank < count; rank++) {
    sum += 1 / (rank + 1) ** exponent
    sums[rank] = sum
  }
  return () => {
    const drawn = random() * sum
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((sums[middle] ?? 0) < drawn) low = middle + 1
      else high = middle
    }
    return low
  }
}
