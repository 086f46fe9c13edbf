import { callable, embeddingIndexDue, embeddingIndexSet } from '@core/api/functions'
import { buildVectorIndex, type Database } from '@core/database'
import { runSql } from '@core/database/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { and, eq, type Filter, gte, isIn, not, type Space } from '../../src/index.ts'
import { createCountingModel, type EmbeddingsUnderTest } from '../embeddings-under-test.ts'

/** Half of them are more than the 3,000 matches from which the index is asked. */
const rows = 7_000
const dims = 16
/** The large tenant is above that bound as well. */
const tenants = { '': rows, large: 3_500, small: 6, none: 0 } as const
type Tenant = keyof typeof tenants
const tenantNames = ['', 'large', 'small', 'none'] as const satisfies readonly Tenant[]

/** Each condition, and which of the numbers below a tenant's count it selects. */
const conditions: Readonly<Record<string, readonly [Filter | undefined, (n: number) => boolean]>> = {
  all: [undefined, () => true],
  '50 %': [eq('half', 0), (n) => n % 2 === 0],
  '5 %': [eq('twentieth', 0), (n) => n % 20 === 0],
  '0.5 %': [eq('rare', 0), (n) => n % 200 === 0],
  'one row': [eq('n', 4), (n) => n === 4],
  'no row': [eq('n', -1), () => false],
  'the end': [gte('n', rows - 30), (n) => n >= rows - 30],
  'what is far from the query': [and(not(eq('centre', 0)), isIn('half', [1, 'x'])), (n) => n % 50 !== 0 && n % 2 === 1],
}

/** What an index must not change: how many rows come back. */
export function describeRowGuarantee(open: () => EmbeddingsUnderTest, numRuns: number): void {
  test('with an index a search returns min(k, matching) rows for every selectivity and tenant, and finds nearly all of the nearest', async () => {
    const { space, embeddings } = await openIndexed(open())
    const plans = new Set<string>()
    for (const condition of Object.keys(conditions)) {
      for (const tenant of tenantNames) plans.add(await expectAll(space, condition, tenant, 10, 'balanced', 3))
    }
    const anySearch = fc.asyncProperty(
      fc.constantFrom(...Object.keys(conditions)),
      fc.constantFrom(...tenantNames),
      fc.constantFrom(1, 10, 100, 1_000),
      fc.constantFrom(...(['fast', 'balanced', 'exact'] as const)),
      fc.nat(1_000),
      async (...search) => void plans.add(await expectAll(space, ...search)),
    )
    await fc.assert(anySearch, { numRuns, endOnFailure: true })
    expect([...plans]).toEqual(expect.arrayContaining(['exact', 'hnsw']))
    const { recall, plan } = await embeddings.recall('big', { sample: 200 })
    expect(plan).toBe('hnsw')
    expect(recall).toBeGreaterThan(0.95)
  })
}

async function expectAll(
  space: Space,
  condition: string,
  tenant: Tenant,
  k: number,
  recall: 'fast' | 'balanced' | 'exact',
  seed: number,
): Promise<string> {
  const [filter, selects] = conditions[condition] ?? [undefined, () => true]
  const matching = Array.from({ length: tenants[tenant] }, (_, n) => n).filter(selects).length
  const near = (seed % 50) + 1
  const vector = Array.from({ length: dims }, (_, d) => Math.sin(near * d * d) + 0.1 * Math.sin(seed * d) + 0.01)
  const options = { mode: 'vector', k, filter, tenant, recall, include: ['metadata'] } as const
  const { hits, plan, complete } = await space.search({ vector }, options)
  const what = `${k} of ${matching}, ${condition} of ${tenant || 'no tenant'} (${plan})`
  expect([hits.length, complete], what).toEqual([Math.min(k, matching), true])
  const isRight = hits.every(({ metadata }) => metadata?.['tenant'] === tenant && selects(Number(metadata['n'])))
  expect(isRight, what).toBe(true)
  return plan
}

/** A space of 10,506 items, and of those of a further tenant, with an index; made once for a database. */
const indexed = new WeakMap<Database, ReturnType<typeof makeIndexed>>()

export function openIndexed(under: EmbeddingsUnderTest, crowd = 0): ReturnType<typeof makeIndexed> {
  const known = indexed.get(under.database) ?? makeIndexed(under, crowd)
  indexed.set(under.database, known)
  return known
}

async function makeIndexed(under: EmbeddingsUnderTest, crowd: number) {
  const { database } = under
  const project = await under.project()
  const { model, dimensions } = createCountingModel('indexed')
  const embeddings = await under.embeddings({ project, model, dimensions })
  const space = embeddings.space('big')
  await space.upsert([])
  const { model: of } = await space.stats()
  const { generation, metric } = of
  for (const [tenant, count] of Object.entries(tenants)) await fill(database, generation, tenant, 0, count)
  const page = 100_000
  for (let from = 0; from < crowd; from += page)
    await fill(database, generation, 'crowd', from, Math.min(page, crowd - from))
  await addItems(under)
  await endFill(database, generation)
  const due = await callable(database, embeddingIndexDue)({ project, space: 'big' })
  expect(due.generations).toMatchObject([{ generation, index_state: 'none' }])
  const type = await buildVectorIndex(database, { generation, dims, metric })
  await callable(database, embeddingIndexSet)({ generation, state: 'ready', type })
  return { project, space, embeddings, generation, large: crowd > 0 ? 'crowd' : 'large' }
}

/** Items and vectors around 50 centres, made by the server: n counts from 0 within each tenant. */
async function fill(database: Database, generation: number, tenant: string, from: number, count: number) {
  await runSql(
    database,
    `with made as (
       insert into core.embedding_item (space, tenant, source, document, ordinal, title, content, hash, metadata, words)
       select g.space, '${tenant}', 's', n::text, 0, '', 'x', encode(sha256(n::text::bytea), 'hex'),
         jsonb_build_object('n', n, 'half', n % 2, 'twentieth', n % 20, 'rare', n % 200, 'centre', n % 50, 'tenant', '${tenant}'),
         array_to_tsvector(array['offlin', 'word' || (n % 100), core.embedding_owner_word(g.space, '${tenant}')])
       from core.embedding_generation g cross join generate_series(${from}, ${from + count - 1}) n where g.id = ${generation}
       returning id, tenant, document::int as n
     ), vector as (
       insert into core.embedding_vector_${generation} (item, tenant, embedding)
       select id, tenant, (select ('[' || string_agg((sin((m.n % 50 + 1) * d * d) + 0.3 * sin(m.n * (d + 1.7)))::numeric(8, 5)::text, ',') || ']')
         from generate_series(1, ${dims}) d)::vector::halfvec from made m
     ), space as (
       update core.embedding_space set items = items + ${count}
       where id = (select space from core.embedding_generation where id = ${generation})
     )
     insert into core.embedding_tenant as t (space, tenant, items)
     select space, '${tenant}', ${count} from core.embedding_generation where id = ${generation}
     on conflict on constraint embedding_tenant_pkey do update set items = t.items + excluded.items`,
  )
}

/** 6,000 items of another space, without vectors and words: the table is then so long that no plan of a small call reads it whole. */
async function addItems(under: EmbeddingsUnderTest): Promise<void> {
  const space = (await under.embeddings()).space('others')
  await space.upsert([])
  const { generation } = (await space.stats()).model
  await runSql(
    under.database,
    `insert into core.embedding_item (space, tenant, source, document, ordinal, title, content, hash, metadata, words)
     select g.space, '', 's', n::text, 0, '', 'x', encode(sha256(n::text::bytea), 'hex'), '{}', ''
     from core.embedding_generation g cross join generate_series(1, 6000) n where g.id = ${generation}`,
  )
}

/** As autovacuum does within a minute: statistics, and what waits to be sorted into the indexes of words. */
async function endFill(database: Database, generation: number): Promise<void> {
  for (const table of [`embedding_vector_${generation}`, 'embedding_item', 'embedding_space', 'embedding_generation']) {
    await runSql(database, `vacuum (analyze) core.${table}`)
  }
}
