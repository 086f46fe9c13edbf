import fc from 'fast-check'
import { expect, test } from 'vitest'
import { costOf } from './cost.ts'
import { costCases, refusedCases } from './cost-cases.ts'
import { estimateTokens } from './estimate-tokens.ts'
import type { Rate } from './rate.ts'
import { units } from './usage.ts'

const at = new Date('2026-11-20T09:30:00Z')

test.each(costCases)('$name', ({ name: _, at: time, micro, approximated, ...request }) => {
  expect(costOf({ ...request, at: new Date(time) })).toEqual({ micro, approximated })
})

test.each(refusedCases)('$name is refused', ({ usage, rates, tier, code }) => {
  expect(() => costOf({ usage, rates, at, tier })).toThrow(expect.objectContaining({ code }))
})

test('20,000 usages cost no less than the exact price and less than a micro-credit more', () => {
  const count = fc.nat({ max: 2_000_000 })
  const usage = fc.record(Object.fromEntries(units.map((unit) => [unit, count])))
  const rate = fc.record(Object.fromEntries(units.map((unit) => [unit, fc.nat({ max: 600_000_000_000 })])))
  const credit = fc.record({
    nanoUsdPerCredit: fc.integer({ min: 1_000_000, max: 2_000_000_000 }),
    markupBasisPoints: fc.nat({ max: 20_000 }),
  })
  fc.assert(
    fc.property(usage, rate, credit, (counts, prices, worth) => {
      const all = units.map((unit) => ({ unit, nanoUsdPerMillion: prices[unit] ?? 0 }))
      const { micro } = costOf({ usage: counts, rates: all, at, credit: worth })
      const nano = units.reduce((sum, unit) => sum + BigInt(counts[unit] ?? 0) * BigInt(prices[unit] ?? 0), 0n)
      const exact = nano * BigInt(10_000 + worth.markupBasisPoints)
      const divisor = 10_000n * BigInt(worth.nanoUsdPerCredit)
      const over = BigInt(micro) * divisor - exact
      return over >= 0n && over < divisor
    }),
    { numRuns: 20_000 },
  )
})

test.each([-1, 0.5, Number.NaN, 2 ** 53])('a rate of %s is refused', (nanoUsdPerMillion) => {
  const rates: readonly Rate[] = [{ unit: 'audioIn', nanoUsdPerMillion }]
  expect(() => costOf({ usage: { input: 1 }, rates, at })).toThrow(expect.objectContaining({ code: 'E_INVALID' }))
})

test('an estimate counts characters by their class', () => {
  expect(estimateTokens('')).toBe(0)
  expect(estimateTokens('Reserve first, settle after.')).toBeGreaterThanOrEqual(6)
  expect(estimateTokens('先に確保する')).toBe(6)
  expect(estimateTokens('a'.repeat(1_000_000))).toBe(250_000)
})
