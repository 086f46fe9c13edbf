import { findPgvectorServer, type PgvectorServer } from '@core/database/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { eq, gte, type SearchOptions } from '../src/index.ts'
import { type EmbeddingsUnderTest, openEmbeddings } from './embeddings-under-test.ts'
import { describePlanTexts } from './suites/plan-texts.ts'
import { openIndexed } from './suites/row-guarantee.ts'

/** Plans, rows and times of a space of a million items, nearly all of one tenant. */

vi.setConfig({ testTimeout: 3_600_000, hookTimeout: 3_600_000 })

const crowd = 1_000_000
const rounds = 9
const start = findPgvectorServer()

if (start === undefined) {
  test('a million items', ({ skip }) => skip('there is no pgvector server on this machine'))
} else {
  let server: PgvectorServer
  let on: EmbeddingsUnderTest
  beforeAll(async () => {
    server = await start()
    on = await openEmbeddings(server.url)
    const startedAt = performance.now()
    await openIndexed(on, crowd)
    console.info(
      `a million items are written and indexed after ${Math.round((performance.now() - startedAt) / 1_000)} s`,
    )
  })
  afterAll(async () => {
    await on?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })

  const open = () => on
  describePlanTexts(open, () => server.url)

  test('a search of a million items returns min(k, matching) rows, whatever it asks for', async () => {
    const { space } = await openIndexed(on)
    const vector = Array.from({ length: 16 }, (_, d) => Math.sin(2 * d * d) + 0.01)
    const near = { mode: 'vector', include: ['metadata'] } as const
    const cases: Readonly<Record<string, readonly [matching: number, options: SearchOptions, text?: string]>> = {
      'by vector': [crowd, { ...near, k: 10 }],
      'by vector, 1,000 hits': [crowd, { ...near, k: 1_000 }],
      'by vector, 50 %, all far away': [crowd / 2, { ...near, k: 10, filter: eq('half', 0) }],
      'by vector, 5 %': [crowd / 20, { ...near, k: 10, filter: gte('n', (19 * crowd) / 20) }],
      'by vector, 5 %, all far away': [crowd / 20, { ...near, k: 10, filter: eq('twentieth', 0) }],
      'by vector, 0.5 %': [crowd / 200, { ...near, k: 10, filter: eq('rare', 0) }],
      'by vector, 0.5 %, 1,000 hits': [crowd / 200, { ...near, k: 1_000, filter: eq('rare', 0) }],
      'by vector, one row': [1, { ...near, k: 10, filter: eq('n', 4) }],
      'by vector, no row': [0, { ...near, k: 10, filter: eq('n', -1) }],
      'by vector, every one compared': [crowd, { ...near, k: 10, recall: 'exact' }],
      'by vector, a tenant of six': [6, { ...near, k: 10, tenant: 'small' }],
      'by text, a word of 1 %': [crowd / 100, { ...near, mode: 'text', k: 10 }, 'word7'],
      'by text, a word of all': [crowd, { ...near, mode: 'text', k: 10 }, 'offline'],
    }
    for (const [what, [matching, options, text]] of Object.entries(cases)) {
      const times: number[] = []
      let plan = ''
      for (let round = 0; round < rounds; round++) {
        const startedAt = performance.now()
        const result = await space.search(text ?? { vector }, { tenant: 'crowd', ...options })
        times.push(performance.now() - startedAt)
        plan = result.plan
        expect([result.hits.length, result.complete], what).toEqual([Math.min(options.k ?? 10, matching), true])
      }
      const median = times.toSorted((one, other) => one - other)[rounds >> 1] ?? Number.NaN
      console.info(`${what}: ${median.toFixed(1)} ms (${plan})`)
    }
  })
}
