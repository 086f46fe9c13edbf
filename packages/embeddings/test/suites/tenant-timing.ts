import { expect } from 'vitest'
import type { Space } from '../../src/index.ts'
import { createCountingModel, type EmbeddingsUnderTest } from '../embeddings-under-test.ts'
import { openIndexed } from './row-guarantee.ts'

const rounds = 200
const vector = Array.from({ length: 16 }, (_, d) => Math.sin(2 * d * d) + 0.01)
/** Half a millisecond, or a quarter of the search: less than the way over a network varies. */
const tolerance = { ms: 0.5, part: 0.25 }

/** How long the searches of a small tenant take beside 10,500 items of others, and alone; interleaved, so that both drift alike. */
export async function expectTimesAlike(under: EmbeddingsUnderTest): Promise<void> {
  const { space: shared } = await openIndexed(under)
  const { model, dimensions } = createCountingModel('indexed')
  const alone = (await under.embeddings({ model, dimensions })).space('alone')
  const items = Array.from({ length: 6 }, (_, n) => ({ id: `${n}`, text: `offline word${n}`, metadata: { n } }))
  await alone.upsert(items, { tenant: 'small', chunk: false })
  for (const mode of ['vector', 'text', 'hybrid'] as const) {
    const search = (space: Space, tenant: string) => {
      if (mode === 'vector') return space.search({ vector }, { mode, tenant, recall: 'exact' })
      return space.search('offline word3', { mode, tenant, recall: 'exact' })
    }
    const [beside = 0, by = 0] = await time([() => search(shared, 'small'), () => search(alone, 'small')])
    const [control = 0] = await time([() => search(shared, '')])
    const allowed = Math.max(tolerance.ms, by * tolerance.part)
    const figures = `${mode}: ${beside} ms beside others, ${by} ms alone, ${control} ms of the large tenant`
    expect(Math.abs(beside - by), figures).toBeLessThan(allowed)
    // What the size of a tenant costs is seen by this measurement.
    expect(control - by, figures).toBeGreaterThan(allowed)
  }
}

/** The median of each, in milliseconds. */
async function time(calls: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const times = calls.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    // Every other round in the opposite order: none follows the same call each time.
    const order = [...calls.entries()]
    for (const [index, call] of round % 2 === 0 ? order : order.toReversed()) {
      const startedAt = performance.now()
      await call()
      times[index]?.push(performance.now() - startedAt)
    }
  }
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[rounds >> 1] ?? Number.NaN
  return times.map(median)
}
