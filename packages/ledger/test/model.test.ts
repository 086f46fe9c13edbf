import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Engine, type LedgerUnderTest, openLedgerUnderTest } from './ledger-under-test.ts'
import { checkAgainstModel, type Occurrences } from './model-run.ts'
import { cycleArbitrary } from './plan-cycles.ts'

/** A few runs of the property; `model.soak.test.ts` has the same with more and longer ones. */
describe.each<Engine>(['server', 'embedded'])('%s', (engine) => {
  // The embedded engine runs the same functions, for more CPU; it is asked for what differs between engines. More in the soak.
  const runs = engine === 'server' ? 4 : 2
  let ledger: LedgerUnderTest
  beforeAll(async () => {
    ledger = await openLedgerUnderTest(engine)
  })
  afterAll(() => ledger[Symbol.asyncDispose]())

  test.for([
    ['budgets that roll over', true],
    ['batches', false],
  ] as const)('answers and holds what the model says, with %s', async ([, carry], { signal }) => {
    await checkAgainstModel(ledger, { carry, runs, calls: 60, signal })
  })

  test('a few hundred operations in batches do what the model says, across turns, late and above their holds', async ({
    signal,
  }) => {
    const batched: Occurrences = new Map()
    const operations = () => batched.get('operations') ?? 0
    while (operations() < 60 * runs)
      await checkAgainstModel(ledger, { plans: cycleArbitrary, runs: 1, calls: 5, signal, batched })
    expect(operations()).toBeGreaterThan(100)
  })
})
