import { createCache } from '@core/cache'
import { postgresStore } from '@core/cache/postgres'
import type { Database } from '@core/database'
import { measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import { median } from '../statistics.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'

const value = { text: 'an answer of a few words, as a model gives it' }

/** Batches of the shared tier beside single calls; every read passes the memory, every write goes through. */
export async function measureBatches(database: Database, { measure: options, signal }: BenchContext): Promise<Row[]> {
  const open = () =>
    createCache({ namespace: 'bench', l1: { maxItems: 1 }, store: postgresStore({ database, project: 'bench' }) })
  await using cache = open()
  const reads = Array.from({ length: 100 }, (_, index) => `read:${index}`)
  const writes = Array.from({ length: 200 }, (_, index) => [`write:${index}`, value] as const)
  await cache.setMany(
    reads.map((key) => [key, value]),
    { ttl: '1h' },
  )
  const measured = await measure(
    [
      {
        name: 'getMany(100)',
        step: 100,
        async run(count) {
          for (let done = 0; done < count; done += 100) {
            const found = await cache.getMany(reads)
            if (found.size !== 100) throw new Error(`${found.size} of 100 were found`)
          }
          return []
        },
      },
      {
        name: 'get',
        async run(count) {
          for (let index = 0; index < count; index++) {
            const found = await cache.get(reads[index % 100] ?? '')
            if (found === undefined) throw new Error('a key was not found')
          }
          return []
        },
      },
      {
        name: 'setMany(200)',
        step: 200,
        async run(count) {
          for (let done = 0; done < count; done += 200) await cache.setMany(writes)
          return []
        },
      },
      {
        name: 'set',
        async run(count) {
          for (let index = 0; index < count; index++) await cache.set(writes[index % 200]?.[0] ?? '', value)
          return []
        },
      },
    ],
    { ...options, signal },
  )
  const ratio = (name: string, other: string) => measured.ratio(name, other).middle
  return [
    toRow('get from the shared tier', measured.perSecond('get'), 'keys/s'),
    toRow('set in the shared tier', measured.perSecond('set'), 'keys/s'),
    toRow('getMany(100), keys against get', ratio('getMany(100)', 'get'), 'x', goals.getMany),
    toRow('setMany(200), keys against set', ratio('setMany(200)', 'set'), 'x', goals.setMany),
  ]
}

/** A sweep among 100,000 entries of which 1,000 are gone. */
export async function measureSweep(database: Database, { measure: { rounds }, isQuick }: BenchContext): Promise<Row[]> {
  const kept = isQuick ? 1_000 : 100_000
  const put = async (from: number, count: number, ms: number) => {
    const p_entries = Array.from({ length: count }, (_, index) => ({
      key: `sweep:${from + index}`,
      value: 'AXsidGV4dCI6MX0=',
      fresh_ms: ms,
      stale_ms: ms,
    }))
    await database.rpc('cache_put_many', { p_namespace: 'sweep', p_entries, p_project: 'bench' })
  }
  for (let from = 0; from < kept; from += 1_000) await put(from, 1_000, 3_600_000)
  const times: number[] = []
  await database.rpc('cache_sweep', {})
  for (let round = 0; round < rounds; round++) {
    await put(kept, 1_000, 0)
    const startedAt = performance.now()
    const { swept } = Object(await database.rpc('cache_sweep', { p_limit: 1_000 }))
    times.push(performance.now() - startedAt)
    // The writes before it may have swept some of them already: 1 in 80 does.
    if (swept > 1_000) throw new Error(`${swept} entries were swept`)
  }
  return [toRow(`a sweep of 1,000 among ${kept.toLocaleString('en')} entries`, median(times), 'ms', goals.sweep)]
}

const pollMs = 50

/** From a delete in one process to the moment at which another one does not answer the old value any more. */
export async function measureStaleness(
  database: Database,
  { measure: { rounds }, isQuick }: BenchContext,
): Promise<Row[]> {
  const open = () => createCache({ namespace: 'stale', pollMs, store: postgresStore({ database, project: 'bench' }) })
  await using a = open()
  await using b = open()
  const times: number[] = []
  for (let round = 0; round < (isQuick ? 1 : rounds * 5); round++) {
    const key = `k${round}`
    await a.set(key, value)
    await b.get(key)
    await a.delete(key)
    const startedAt = performance.now()
    while (b.peek(key) !== undefined) {
      if (performance.now() - startedAt > 10_000) throw new Error('another process did not hear of a delete')
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    times.push(performance.now() - startedAt)
  }
  const beyond = Math.max(0, Math.max(...times) - pollMs * 1)
  return [
    toRow('staleness after a delete in another process, median', median(times), 'ms'),
    toRow(`the longest of ${times.length}, beyond the poll of ${pollMs} ms`, beyond, 'ms', goals.staleness),
  ]
}
