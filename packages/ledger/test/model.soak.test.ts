import { describe, expect, test } from 'vitest'
import { type Engine, openLedgerUnderTest } from './ledger-under-test.ts'
import { checkAgainstModel, type Occurrences, rare } from './model-run.ts'
import { cycleArbitrary } from './plan-cycles.ts'
import { countCases } from './plan-lives.ts'

const rounds = Array.from({ length: 8 }, (_, index) => index + 1)
const roundLimitMs = 1_800_000

// 640 runs in all, each of up to 120 calls. A round has a ledger of its own, since the audit reads everything, and a time
// limit of its own: on a busy machine an embedded round takes minutes.
describe.each<Engine>(['server', 'embedded'])('%s, for long', (engine) => {
  describe.each([true, false])('roll-over %s', (carry) => {
    const seen = new Map<string, number>()
    test.each(rounds)(
      'answers and holds what the model says, round %i',
      async () => {
        await using ledger = await openLedgerUnderTest(engine)
        await checkAgainstModel(ledger, { carry, runs: 40, calls: 120 })
        const [cases = {}] = await ledger.sql(countCases)
        for (const [name, count] of Object.entries(cases)) seen.set(name, (seen.get(name) ?? 0) + Number(count))
      },
      roundLimitMs,
    )

    test('each case came often', () => {
      const counted = [...seen].filter(([name]) => carry || !name.includes('rolled over'))
      expect(counted).not.toEqual([])
      expect(counted.filter(([, count]) => count < 200)).toEqual([])
    })
  })

  // Single calls and batches both do what the model says, so they are equal; each rare case must have come often enough.
  describe('10,000 operations in batches', () => {
    const batched: Occurrences = new Map()
    test.each(rounds)(
      'do what the model says, round %i',
      async (round) => {
        while ((batched.get('operations') ?? 0) < (10_000 * round) / rounds.length) {
          await using ledger = await openLedgerUnderTest(engine)
          await checkAgainstModel(ledger, { plans: cycleArbitrary, runs: 5, calls: 12, batched })
        }
      },
      roundLimitMs,
    )

    test('each rare case came often', () => {
      const counted = ['operations', ...rare].map((name): [string, number] => [name, batched.get(name) ?? 0])
      expect(counted.filter(([name, count]) => count < (name === 'operations' ? 10_000 : 200))).toEqual([])
    })
  })
})
