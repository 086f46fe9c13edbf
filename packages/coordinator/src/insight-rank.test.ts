import { expect, test } from 'vitest'
import { rankInsight } from './insight-rank.ts'

const none = {
  adopted: 0,
  rejected: 0,
  reverted: 0,
  measured: 0,
  effectSumBasisPoints: 0,
  expectedBasisPoints: 2000,
  confidenceBasisPoints: 5000,
}

test('without decisions it is what the author expects, as far as the author is sure', () => {
  expect(rankInsight(none)).toBe(500)
  expect(rankInsight({ ...none, confidenceBasisPoints: 10_000 })).toBe(2000)
  expect(rankInsight({ ...none, confidenceBasisPoints: 0 })).toBe(0)
})

test('one lucky measurement ranks below many good ones', () => {
  const lucky = rankInsight({ ...none, adopted: 1, measured: 1, effectSumBasisPoints: 3000 })
  const proved = rankInsight({ ...none, adopted: 20, measured: 20, effectSumBasisPoints: 20 * 2000 })
  expect(proved).toBeGreaterThan(lucky)
})

test('who rejects it or measures harm pulls it down', () => {
  const adopted = { ...none, adopted: 5, measured: 5, effectSumBasisPoints: 5000 }
  expect(rankInsight({ ...adopted, rejected: 3 })).toBeLessThan(rankInsight(adopted))
  expect(rankInsight({ ...adopted, reverted: 1, measured: 6, effectSumBasisPoints: 4000 })).toBeLessThan(
    rankInsight(adopted),
  )
  expect(
    rankInsight({ ...none, confidenceBasisPoints: 0, adopted: 5, measured: 5, effectSumBasisPoints: -5000 }),
  ).toBeLessThan(0)
})
