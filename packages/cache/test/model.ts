import type { Database } from '@core/database'
import { type ChaosFault, createChaosDatabase, openEmbeddedDatabase } from '@core/database/testing'
import { type Clock, systemClock } from '@core/foundation'
import fc from 'fast-check'
import { expect } from 'vitest'
import { createCache } from '../src/index.ts'
import { postgresStore } from '../src/stores/postgres.ts'

/**
 * Two processes over one shared tier whose calls fail, and a source that they read and change. What a process changed itself
 * it never reads older, whatever fails; once nothing fails any more, neither reads anything that is not in the source.
 */

const keys = ['a', 'b', 'c'] as const
const tagOf = (key: string) => (key === 'c' ? 'odd' : 'even')
type Key = (typeof keys)[number]

type Step =
  | { readonly do: 'read' | 'delete' | 'set'; readonly by: 0 | 1; readonly key: Key }
  | { readonly do: 'tag'; readonly by: 0 | 1; readonly key: Key }
  | { readonly do: 'clear'; readonly by: 0 | 1; readonly key: Key }
  | { readonly do: 'faults'; readonly by: 0 | 1; readonly faults: readonly (ChaosFault | undefined)[] }
  | { readonly do: 'wait'; readonly by: 0 | 1 }

const by = fc.constantFrom(0 as const, 1 as const)
const key = fc.constantFrom(...keys)
const fault = fc.constantFrom<ChaosFault | undefined>(undefined, undefined, 'throw', 'stall', 'cut', 'twice')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), by, key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'set' as const), by, key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('tag' as const), by, key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('clear' as const), by, key }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('faults' as const), by, faults: fc.array(fault, { maxLength: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), by }) },
)

let runs = 0
/** A stalled call lasts so long; a call that is not must be faster. */
const storeTimeoutMs = 100
/** Until both processes have to be up to date. */
const quiesceMs = 40_000

async function run(database: Database, steps: readonly Step[]): Promise<void> {
  const namespace = `model ${runs++}`
  const source = new Map<string, number>(keys.map((name) => [name, 0]))
  let skewMs = 0
  // The pauses of the breaker are passed over by the clock, not waited for.
  const clock: Clock = { ...systemClock, monotonic: () => performance.now() + skewMs }
  const queues: (ChaosFault | undefined)[][] = [[], []]
  const caches = queues.map((queue) =>
    createCache({
      namespace,
      clock,
      jitter: 0,
      pollMs: 10,
      storeTimeoutMs,
      leaseTtlMs: 200,
      store: postgresStore({ database: createChaosDatabase(database, () => queue.shift()), project: 'model' }),
    }),
  )
  /** What each process may read at least: what it changed itself. */
  const least = [new Map<string, number>(), new Map<string, number>()]
  const read = (who: 0 | 1, name: Key) =>
    caches[who]?.getOrSet(name, () => source.get(name) ?? -1, {
      ttl: '6h',
      tags: [tagOf(name)],
      failureBackoff: 0,
      hardTimeoutMs: 2_000,
    })
  /** The source changes, then one process says so: of these keys it reads nothing older from now on. */
  async function change(who: 0 | 1, names: readonly Key[], tell: () => Promise<void> | undefined): Promise<void> {
    for (const name of names) source.set(name, (source.get(name) ?? 0) + 1)
    await tell()
    for (const name of names) least[who]?.set(name, source.get(name) ?? 0)
  }

  try {
    for (const one of steps) {
      const cache = caches[one.by]
      switch (one.do) {
        case 'read': {
          const value = await read(one.by, one.key)
          expect(value).toBeGreaterThanOrEqual(least[one.by]?.get(one.key) ?? 0)
          expect(value).toBeLessThanOrEqual(source.get(one.key) ?? 0)
          break
        }
        case 'delete':
          await change(one.by, [one.key], () => cache?.delete(one.key))
          break
        case 'set':
          await change(one.by, [one.key], () =>
            cache?.set(one.key, source.get(one.key), { ttl: '6h', tags: [tagOf(one.key)] }),
          )
          break
        case 'tag':
          await change(
            one.by,
            keys.filter((name) => tagOf(name) === tagOf(one.key)),
            () => cache?.invalidateTags(tagOf(one.key)),
          )
          break
        case 'clear':
          await change(one.by, keys, () => cache?.clear())
          break
        case 'faults':
          queues[one.by]?.push(...one.faults)
          break
        case 'wait':
          await new Promise((resolve) => setTimeout(resolve, 15))
          break
        default:
          one satisfies never
      }
    }
    for (const queue of queues) queue.length = 0
    const isCurrent = async () => {
      for (const who of [0, 1] as const)
        for (const name of keys) if ((await read(who, name)) !== source.get(name)) return false
      return true
    }
    // On a busy machine calls run out of time as well, and the breaker pauses: what counts is that it ends.
    const until = performance.now() + quiesceMs
    while (performance.now() < until && !(await isCurrent())) {
      skewMs += 10_000
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    for (const who of [0, 1] as const)
      for (const name of keys) expect([who, name, await read(who, name)]).toEqual([who, name, source.get(name)])
  } finally {
    skewMs += 60_000
    await Promise.all(caches.map((cache) => cache.close()))
  }
}

/** Runs so many sequences of steps; without a seed each time others. */
export async function checkModel({ numRuns, seed }: { numRuns: number; seed?: number }): Promise<void> {
  const database = await openEmbeddedDatabase()
  try {
    const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => run(database, steps))
    await fc.assert(property, { numRuns, endOnFailure: true, ...(seed === undefined ? {} : { seed }) })
  } finally {
    await database.close()
  }
}
