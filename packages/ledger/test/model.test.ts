import { afterAll, beforeAll, describe, test } from 'vitest'
import { type Engine, type LedgerUnderTest, openLedgerUnderTest } from './ledger-under-test.ts'
import { checkAgainstModel } from './model-run.ts'

describe.each<Engine>(['server', 'embedded'])('%s', (engine) => {
  let ledger: LedgerUnderTest
  beforeAll(async () => {
    ledger = await openLedgerUnderTest(engine)
  })
  afterAll(() => ledger[Symbol.asyncDispose]())

  test.each([
    ['budgets that roll over', true],
    ['batches', false],
  ])(
    'answers and holds what the model says, with %s',
    async (_, carry) => {
      await checkAgainstModel(ledger, { carry, runs: 12, calls: 60 })
    },
    120_000,
  ) // when it fails, it looks for the shortest run that does
})
