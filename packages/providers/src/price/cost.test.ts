import fc from 'fast-check'
import { expect, test } from 'vitest'
import { costOf } from './cost.ts'
import { estimateTokens } from './estimate-tokens.ts'
import type { Rate } from './rate.ts'
import { type Usage, units } from './usage.ts'

const at = new Date('2026-11-20T09:30:00Z')
const rates: readonly Rate[] = [
  { unit: 'input', nanoUsdPerMillion: 2_500_000_000 },
  { unit: 'cacheRead', nanoUsdPerMillion: 1_250_000_000 },
  { unit: 'output', nanoUsdPerMillion: 10_000_000_000 },
  { unit: 'input', nanoUsdPerMillion: 5_000_000_000, overInput: 200_000 },
]
const cost = (usage: Usage, more: readonly Rate[] = []) => costOf({ usage, rates: [...rates, ...more], at })

test.each<[string, Usage, number]>([
  ['nothing', {}, 0],
  ['a million tokens', { input: 100_000, output: 100_000 }, 1_250_000],
  ['one token, rounded up', { input: 1 }, 3],
  ['two tokens, rounded once', { input: 1, cacheRead: 1 }, 4],
  ['a prompt at the threshold', { input: 200_000 }, 500_000],
  ['a prompt above it, repriced as a whole', { input: 200_001 }, 1_000_005],
  ['cached tokens count for the threshold', { input: 1, cacheRead: 200_000 }, 250_005],
  ['reasoning is billed as output', { reasoning: 1_000 }, 10_000],
  ['calls are free where no rate is for them', { requests: 1 }, 0],
])('%s', (_, usage, micro) => {
  expect(cost(usage)).toEqual({ micro, approximated: [] })
})

test('a unit without a rate is priced as the dearest of its direction', () => {
  const audio: Rate = { unit: 'audioIn', nanoUsdPerMillion: 40_000_000_000 }
  expect(cost({ imageIn: 1_000 }, [audio])).toEqual({ micro: 40_000, approximated: ['imageIn'] })
})

test.each([
  [{ seconds: 1 }, 'E_NOT_FOUND'],
  [{ searches: 1 }, 'E_NOT_FOUND'],
  [{ input: -5 }, 'E_INVALID'],
  [{ input: 0.5 }, 'E_INVALID'],
  [{ input: Number.NaN }, 'E_INVALID'],
  [{ input: 1e300 }, 'E_INVALID'],
  [{ output: Number.MAX_SAFE_INTEGER }, 'E_INVALID'],
])('%o is refused with %s', (usage, code) => {
  expect(() => cost(usage)).toThrow(expect.objectContaining({ code }))
})

test('no rates are refused, never free', () => {
  expect(() => costOf({ usage: {}, rates: [], at })).toThrow(expect.objectContaining({ code: 'E_NOT_FOUND' }))
})

test.each([
  ['2026-11-20T23:59:00Z', 2],
  ['2026-11-20T00:29:00Z', 2],
  ['2026-11-20T00:30:00Z', 1],
  ['2026-11-20T16:30:00Z', 2],
])('rates of a time of day apply by UTC: %s', (time, micro) => {
  const timed: readonly Rate[] = [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'input', nanoUsdPerMillion: 2_000_000_000, from: '16:30', to: '00:30' },
  ]
  expect(costOf({ usage: { input: 1 }, rates: timed, at: new Date(time) }).micro).toBe(micro)
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
  expect(() => cost({ input: 1 }, [{ unit: 'audioIn', nanoUsdPerMillion }])).toThrow(
    expect.objectContaining({ code: 'E_INVALID' }),
  )
})

test('an estimate counts characters by their class', () => {
  expect(estimateTokens('')).toBe(0)
  expect(estimateTokens('Reserve first, settle after.')).toBeGreaterThanOrEqual(6)
  expect(estimateTokens('先に確保する')).toBe(6)
  expect(estimateTokens('a'.repeat(1_000_000))).toBe(250_000)
})
