import { describe, expect, test } from 'vitest'
import { type Engine, openLedgerUnderTest } from './ledger-under-test.ts'
import { checkAgainstModel, type Occurrences, rare } from './model-run.ts'
import { cycleArbitrary } from './plan-cycles.ts'
import { countCases } from './plan-lives.ts'

// 640 runs in all, each of up to 120 calls.
describe.each<Engine>(['server', 'embedded'])('%s, for long', (engine) => {
  test.each([true, false])(
    'answers and holds what the model says, roll-over %s',
    async (carry) => {
      const seen = new Map<string, number>()
      for (let round = 0; round < 8; round++) {
        await using ledger = await openLedgerUnderTest(engine) // the audit reads everything: not too much of it
        await checkAgainstModel(ledger, { carry, runs: 40, calls: 120 })
        const [cases = {}] = await ledger.sql(countCases)
        for (const [name, count] of Object.entries(cases)) seen.set(name, (seen.get(name) ?? 0) + Number(count))
      }
      for (const [name, count] of seen)
        if (carry || !name.includes('rolled over')) expect(count, name).toBeGreaterThanOrEqual(200)
    },
    1_800_000,
  )

  // Single calls and batches both do what the model says, so they are equal; each rare case must have come often enough.
  test('10,000 operations in batches do what the model says', async () => {
    const batched: Occurrences = new Map()
    for (let round = 0; (batched.get('operations') ?? 0) < 10_000; round++) {
      expect(round).toBeLessThan(100)
      await using ledger = await openLedgerUnderTest(engine)
      await checkAgainstModel(ledger, { plans: cycleArbitrary, runs: 10, calls: 12, batched })
    }
    for (const name of rare) expect(batched.get(name) ?? 0, name).toBeGreaterThanOrEqual(200)
  }, 1_800_000)
})
