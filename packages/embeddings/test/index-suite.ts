import { callable, embeddingIndexDue, embeddingIndexSet } from '@core/api/functions'
import { buildVectorIndex, type Database } from '@core/database'
import { runSql } from '@core/database/testing'
import { expect, test } from 'vitest'
import { createEmbeddings, eq } from '../src/index.ts'

const rows = 12_000
const dims = 16

/** What an index must not change: how many rows come back. Runs on every database with pgvector. */
export function describeIndex(open: () => Database, rounds: number): void {
  test('with an index a search returns min(k, matching) rows for every selectivity and tenant, and finds nearly all of the nearest', async () => {
    const database = open()
    await database.rpc('project_register', { p_name: 'indexed' })
    const model = {
      provider: 'test',
      modelId: 'random',
      maxEmbeddingsPerCall: 1,
      doEmbed: async () => ({ embeddings: [] }),
    }
    const embeddings = createEmbeddings({ database, project: 'indexed', model, dimensions: dims })
    const space = embeddings.space('big')
    await space.upsert([])
    const { model: of } = await space.stats()
    await fill(database, of.generation)

    const due = await callable(database, embeddingIndexDue)({ project: 'indexed', space: 'big' })
    expect(due.generations).toMatchObject([{ generation: of.generation, index_state: 'none' }])
    const type = await buildVectorIndex(database, { generation: of.generation, dims, metric: of.metric })
    await callable(database, embeddingIndexSet)({ generation: of.generation, state: 'ready', type })

    const plans = new Set<string>()
    for (let round = 0; round < rounds; round++) {
      const vector = Array.from({ length: dims }, (_, n) => Math.sin(round * 7 + n * n))
      for (const [filter, matching] of [
        [undefined, rows],
        [eq('half', 0), rows / 2],
        [eq('twentieth', 0), rows / 20],
        [eq('rare', 0), rows / 200],
        [eq('n', 17), 1],
        [eq('n', -1), 0],
      ] as const) {
        for (const k of [1, 10, 100]) {
          const { hits, plan, complete } = await space.search({ vector }, { mode: 'vector', k, filter, include: [] })
          expect([hits.length, complete], `k ${k} of ${matching} (${plan})`).toEqual([Math.min(k, matching), true])
          plans.add(plan)
        }
      }
      const small = await space.search({ vector }, { mode: 'vector', k: 10, tenant: 'small', include: [] })
      expect(small.hits.length).toBe(6)
    }
    expect([...plans].sort()).toEqual(['exact', 'hnsw'])
    const { recall, plan } = await embeddings.recall('big', { sample: 10 })
    expect(plan).toBe('hnsw')
    expect(recall).toBeGreaterThan(0.95)
  })
}

/** Items and vectors around 50 centres, made by the server: 12,000 of no tenant, six of a small one. */
async function fill(database: Database, generation: number): Promise<void> {
  await runSql(
    database,
    `with made as (
       insert into core.embedding_item (space, tenant, source, document, ordinal, title, content, hash, metadata, words)
       select g.space, case when n < ${rows} then '' else 'small' end, 's', n::text, 0, '', 'x', '',
         jsonb_build_object('n', n, 'half', n % 2, 'twentieth', n % 20, 'rare', n % 200), ''
       from core.embedding_generation g cross join generate_series(0, ${rows + 5}) n where g.id = ${generation}
       returning id, tenant, document::int as n
     )
     insert into core.embedding_vector_${generation} (item, tenant, embedding)
     select id, tenant, (select ('[' || string_agg((sin((m.n % 50 + 1) * d * d) + 0.3 * sin(m.n * (d + 1.7)))::numeric(8, 5)::text, ',') || ']')
       from generate_series(1, ${dims}) d)::vector::halfvec from made m`,
  )
  await runSql(database, `analyze core.embedding_vector_${generation}; analyze core.embedding_item`)
}
