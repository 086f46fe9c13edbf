import { readFileSync } from 'node:fs'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultHealthPolicy, type HealthFigures, type HealthPolicy, scoreHealth } from '../src/health-score.ts'
import { healthCases } from './health-cases.ts'

let on: TestDatabase

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 4 })
})
afterAll(() => on.drop())

const snake = (record: object) =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]) => [
      name.replaceAll(/[A-Z]|95/g, (part) => `_${part.toLowerCase()}`).replace('p_95', 'p95'),
      value,
    ]),
  )

async function scoreInSql(cases: readonly { figures: HealthFigures; policy: HealthPolicy }[]): Promise<unknown[]> {
  const given = cases.map(({ figures, policy }) => ({ figures: snake(figures), policy: snake(policy) }))
  const rows = await on.sql(
    `select core.health_score(c -> 'figures', c -> 'policy') as health from jsonb_array_elements($1::jsonb) c`,
    [JSON.stringify(given)],
  )
  return rows.map(({ health }) => health)
}

test('SQL gives each of the cases its score', async () => {
  const policies = healthCases.map(({ figures, policy }) => ({
    figures,
    policy: { ...defaultHealthPolicy, ...policy },
  }))
  const found = await scoreInSql(policies)
  expect(found.map((health) => [Object(health).score, Object(health).worst])).toEqual(
    healthCases.map(({ score, worst }) => [score, worst]),
  )
})

test('the guide shows the cases with these scores', () => {
  const guide = readFileSync(new URL('../../../docs/guides/see-how-every-sibling-is.md', import.meta.url), 'utf8')
  for (const { title, score, worst } of healthCases) {
    expect(guide).toContain(`| ${title} | ${score ?? 'none'} | ${worst.join(', ')} |\n`)
  }
})

test('the defaults of SQL are those of TypeScript', async () => {
  expect((await on.sql('select core.health_defaults() as policy'))[0]?.['policy']).toEqual(snake(defaultHealthPolicy))
})

const orUnknown = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: null })
const whole = (max: number) => orUnknown(fc.integer({ min: 0, max }))
const real = (max: number) => orUnknown(fc.double({ min: 0, max, noNaN: true }))
const anyCase = fc.record({
  figures: fc.record({
    ageMs: whole(100_000),
    ttlMs: orUnknown(fc.integer({ min: 3_000, max: 90_000 })),
    requests: whole(2_000),
    errors: whole(2_000),
    p95Ms: real(1e12),
    targetP95Ms: real(1_000),
    credits: whole(2 ** 53 - 1),
    share: orUnknown(fc.integer({ min: 0, max: 2 ** 53 - 1 }).map((rest) => rest / (2 ** 53 - 1))),
    backlog: whole(1e12),
  }),
  policy: fc.record({
    weights: fc.record({
      freshness: fc.integer({ min: 0, max: 100 }),
      errors: fc.integer({ min: 0, max: 100 }),
      latency: fc.integer({ min: 0, max: 100 }),
      credits: fc.integer({ min: 0, max: 100 }),
      backlog: fc.integer({ min: 0, max: 100 }),
    }),
    criticality: fc.constant('normal' as const),
    targetP95Ms: orUnknown(fc.double({ min: 0.001, max: 1e9, noNaN: true })),
    maxErrorRate: fc.double({ min: 0.001, max: 1, noNaN: true }),
    targetBacklog: fc.integer({ min: 1, max: 1e12 }),
    lowCredits: orUnknown(fc.integer({ min: 1, max: 2 ** 53 - 1 })),
  }),
})

test('SQL and TypeScript give the same to the last digit, whatever the figures and weights', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyCase, { minLength: 1, maxLength: 200 }), async (cases) => {
      expect(await scoreInSql(cases)).toEqual(cases.map(({ figures, policy }) => scoreHealth(figures, policy)))
    }),
    { numRuns: 20, endOnFailure: true },
  )
})
