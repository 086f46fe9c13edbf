import { describe, test } from 'vitest'
import { type Engine, openLedgerUnderTest } from './ledger-under-test.ts'
import { checkAgainstModel } from './model-run.ts'

// 640 runs in all, each of up to 120 calls.
describe.each<Engine>(['server', 'embedded'])('%s, for long', (engine) => {
  test.each([true, false])(
    'answers and holds what the model says, roll-over %s',
    async (carry) => {
      for (let round = 0; round < 8; round++) {
        await using ledger = await openLedgerUnderTest(engine) // the audit reads everything: not too much of it
        await checkAgainstModel(ledger, { carry, runs: 20, calls: 120 })
      }
    },
    1_800_000,
  )
})
