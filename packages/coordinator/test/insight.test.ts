import type { JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCoordinator, type InsightFigures, rankInsight } from '../src/index.ts'

let on: TestDatabase
const names = ['author', 'dyer', 'tailor']

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 8 })
  for (const p_name of names) await on.database.rpc('project_register', { p_name })
})
afterAll(() => on.drop())

const as = (project: string) => createCoordinator({ database: on.database, project }).insights
const titles = async (project: string, filter: Parameters<ReturnType<typeof as>['list']>[0]) => {
  const found: string[] = []
  for await (const { title } of as(project).list(filter)) found.push(title)
  return found
}

test('an insight is shared once for a key, and the key means no other', async () => {
  const first = await as('author').share({ category: 'cost', title: 'cache', key: 'k', evidence: { n: 1 } })
  expect(await as('author').share({ category: 'cost', title: 'cache', key: 'k', evidence: { n: 1 } })).toBe(first)
  const other = as('author').share({ category: 'cost', title: 'other', key: 'k' })
  await expect(other).rejects.toMatchObject({ details: { reason: 'idempotency_mismatch' } })
})

test('decisions count once for each project, the last one, and the list ranks by them', async () => {
  const [good, bad] = [
    await as('author').share({ category: 'speed', title: 'good', expectedBasisPoints: 1000 }),
    await as('author').share({ category: 'speed', title: 'bad', expectedBasisPoints: 3000 }),
  ]
  expect(await titles('dyer', { category: 'speed' })).toEqual(['bad', 'good'])
  for (const project of ['dyer', 'tailor']) {
    await as(project).decide(good, { decision: 'adopted', effectBasisPoints: 2000 })
    await as(project).decide(good, { decision: 'adopted', effectBasisPoints: 2000 })
    await as(project).decide(bad, { decision: 'adopted' })
    await as(project).decide(bad, { decision: 'reverted', effectBasisPoints: -1000, note: 'worse' })
  }
  expect(await titles('dyer', { category: 'speed' })).toEqual(['good', 'bad'])
  expect(await as('dyer').get(bad)).toMatchObject({
    adopted: 0,
    reverted: 2,
    measured: 2,
    effect_bp: -1000,
    decision: 'reverted',
    decisions: [{ project: 'tailor', note: 'worse' }, { project: 'dyer' }],
  })
})

test('a project has those of others in its feed until it decides, and decides on none of its own', async () => {
  const id = await as('author').share({ category: 'feed', title: 'to decide' })
  expect(await titles('author', { category: 'feed', open: true })).toEqual([])
  expect(await titles('dyer', { category: 'feed', open: true })).toEqual(['to decide'])
  await as('dyer').decide(id, { decision: 'rejected' })
  expect(await titles('dyer', { category: 'feed', open: true })).toEqual([])
  expect(await titles('tailor', { category: 'feed', open: true })).toEqual(['to decide'])
  const denied = (reason: string) => ({ code: 'E_CONFLICT', details: { reason } })
  await expect(as('author').decide(id, { decision: 'adopted' })).rejects.toMatchObject(denied('insight_own'))
  await expect(as('tailor').decide(id, { decision: 'reverted' })).rejects.toMatchObject(denied('insight_not_adopted'))
})

test('sixteen decisions at once are all counted', async () => {
  const id = await as('author').share({ category: 'race', title: 'race' })
  const deciders = Array.from({ length: 16 }, (_, at) => `decider_${at}`)
  for (const p_name of deciders) await on.database.rpc('project_register', { p_name })
  await Promise.all(
    deciders.map((name, at) => as(name).decide(id, { decision: 'adopted', effectBasisPoints: at * 100 })),
  )
  expect(await as('dyer').get(id)).toMatchObject({ adopted: 16, measured: 16, effect_bp: 750 })
})

const count = fc.integer({ min: 0, max: 500_000 })
const anyFigures: fc.Arbitrary<InsightFigures> = fc.record({
  adopted: fc.integer({ min: 0, max: 500_000 }),
  rejected: fc.integer({ min: 0, max: 500_000 }),
  reverted: fc.integer({ min: 0, max: 500_000 }),
  measured: count,
  effectSumBasisPoints: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
  expectedBasisPoints: fc.integer({ min: -10_000, max: 1_000_000 }),
  confidenceBasisPoints: fc.integer({ min: 0, max: 10_000 }),
})

test('SQL and TypeScript rank alike, to the last digit', async () => {
  const rankInSql = async (figures: readonly InsightFigures[]) => {
    const rows = figures.map(({ effectSumBasisPoints, expectedBasisPoints, confidenceBasisPoints, ...counts }) => ({
      ...counts,
      effect_sum_bp: effectSumBasisPoints,
      expected_bp: expectedBasisPoints,
      confidence_bp: confidenceBasisPoints,
    }))
    const ranks = await on.sql(
      'select core.insight_rank(jsonb_populate_record(null::core.insight, r)) as rank from jsonb_array_elements($1::jsonb) r',
      [JSON.stringify(rows)],
    )
    return ranks.map(({ rank }) => Number(rank) + 0) // 0 and -0 rank alike
  }
  const counts = { adopted: 0, rejected: 1, reverted: 0, measured: 1 }
  const zero = { ...counts, effectSumBasisPoints: -1, expectedBasisPoints: 0, confidenceBasisPoints: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(anyFigures, { minLength: 1, maxLength: 200 }), async (figures) => {
      expect(await rankInSql(figures)).toEqual(figures.map((each) => rankInsight(each) + 0))
    }),
    { numRuns: 20, endOnFailure: true, examples: [[[zero]]] },
  )
})

test.each<[string, Readonly<Record<string, JsonInput>>]>([
  ['category', { p_category: 'No' }],
  ['title', { p_title: '' }],
  ['body', { p_body: 'x'.repeat(10_001) }],
  ['evidence', { p_evidence: [] }],
  ['expected_bp', { p_expected_bp: -10_001 }],
  ['confidence_bp', { p_confidence_bp: 10_001 }],
])('a wrong %s is refused', async (field, more) => {
  const args = { p_key: 'wrong', p_category: 'c', p_title: 't', p_project: 'author', ...more }
  await expect(on.database.rpc('insight_share', args)).rejects.toMatchObject({ code: 'E_INVALID', details: { field } })
})

test('every list walks an index, whatever narrows it, and pages do not overlap', async () => {
  await on.sql(`insert into core.insight (project, key, category, title, body, evidence, expected_bp, confidence_bp, rank)
    select 'author', 'bulk ' || n, case n % 2 when 0 then 'even' else 'odd' end, 'bulk', '', '{}', 0, 0, (n * 7919) % 1000
    from generate_series(1, 10000) n`)
  await on.sql('analyze core.insight')
  const reads = async () => {
    const [row] =
      await on.sql(`select seq_tup_read::bigint + coalesce(idx_tup_fetch, 0) as read from pg_stat_xact_user_tables
      where schemaname = 'core' and relname = 'insight'`)
    return Number(row?.['read'])
  }
  for (const filter of ['null, null, false', `'even', null, false`, `null, 'author', false`, `null, null, true`]) {
    await on.sql('begin')
    const before = await reads() // of earlier transactions, which the connection has not reported yet
    await on.sql(`select core_api.insight_list(${filter}, null, 100, 'dyer')`)
    expect((await reads()) - before).toBeLessThan(1_000)
    await on.sql('rollback')
  }
  const seen: string[] = []
  for (let after: string | null = null, pages = 0; pages < 5; pages++) {
    const page: { insights: { insight: string }[]; next: string | null } = Object(
      await on.database.rpc('insight_list', { p_after: after, p_limit: 10, p_project: 'dyer' }),
    )
    seen.push(...page.insights.map(({ insight }) => insight))
    after = page.next
  }
  expect(new Set(seen).size).toBe(50)
})

test('a project has as many as it may, and what is old is forgotten', async () => {
  const full = { p_key: 'one more', p_category: 'c', p_title: 't', p_project: 'author' }
  expect(await on.database.rpc('insight_share', full)).toMatchObject({ ok: false, code: 'bound_reached' })
  await on.sql(`update core.insight set active_at = active_at - interval '366 days' where title = 'bulk'`)
  for (let swept = 1; swept > 0; ) swept = Object(await on.database.rpc('insight_sweep', {})).swept
  expect(await on.sql(`select from core.insight where title = 'bulk'`)).toEqual([])
  expect(await on.database.rpc('insight_share', full)).toMatchObject({ ok: true })
})
