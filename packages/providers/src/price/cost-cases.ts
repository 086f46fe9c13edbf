import type { CreditRate } from './cost.ts'
import type { Rate } from './rate.ts'
import type { Unit, Usage } from './usage.ts'

/** What usage costs. TypeScript and SQL are tested by this one table. */
export interface CostCase {
  readonly name: string
  readonly usage: Usage
  readonly rates: readonly Rate[]
  readonly at: string
  readonly credit?: CreditRate
  readonly tier?: string
  readonly isApproximated?: boolean
  readonly micro: number
  readonly approximated: readonly Unit[]
}

const morning = '2026-11-20T09:30:00Z'
const rates: readonly Rate[] = [
  { unit: 'input', nanoUsdPerMillion: 2_500_000_000 },
  { unit: 'cacheRead', nanoUsdPerMillion: 1_250_000_000 },
  { unit: 'output', nanoUsdPerMillion: 10_000_000_000 },
  { unit: 'input', nanoUsdPerMillion: 5_000_000_000, overInput: 200_000 },
]
const audio: Rate = { unit: 'audioIn', nanoUsdPerMillion: 40_000_000_000 }
const timed: readonly Rate[] = [
  { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
  { unit: 'input', nanoUsdPerMillion: 2_000_000_000, from: '16:30', to: '00:30' },
]

const tiered: readonly Rate[] = [
  ...rates,
  { unit: 'input', nanoUsdPerMillion: 5_000_000_000, tier: 'priority' },
  { unit: 'output', nanoUsdPerMillion: 20_000_000_000, tier: 'priority' },
  { unit: 'input', nanoUsdPerMillion: 7_000_000_000, tier: 'priority', overInput: 200_000 },
]

const costs = (name: string, usage: Usage, micro: number, more: Partial<CostCase> = {}): CostCase => ({
  name,
  usage,
  micro,
  rates,
  at: morning,
  approximated: [],
  ...more,
})

export const costCases: readonly CostCase[] = [
  costs('nothing', {}, 0),
  costs('a million tokens', { input: 100_000, output: 100_000 }, 1_250_000),
  costs('one token, rounded up', { input: 1 }, 3),
  costs('two tokens, rounded once', { input: 1, cacheRead: 1 }, 4),
  costs('a prompt at the threshold', { input: 200_000 }, 500_000),
  costs('a prompt above it, repriced as a whole', { input: 200_001 }, 1_000_005),
  costs('cached tokens count for the threshold', { input: 1, cacheRead: 200_000 }, 250_005),
  costs('reasoning is billed as output', { reasoning: 1_000 }, 10_000),
  costs('calls are free where no rate is for them', { requests: 1 }, 0),
  costs('a unit without a rate is priced as the dearest of its direction', { imageIn: 1_000 }, 40_000, {
    rates: [...rates, audio],
    approximated: ['imageIn'],
  }),
  costs('a rate of zero costs zero', { input: 5_000 }, 0, { rates: [{ unit: 'input', nanoUsdPerMillion: 0 }] }),
  costs('the first of two equal rates applies', { input: 1_000_000 }, 1, {
    rates: [
      { unit: 'input', nanoUsdPerMillion: 1_000 },
      { unit: 'input', nanoUsdPerMillion: 2_000 },
    ],
  }),
  costs('a credit of a cent, with a fifth on top', { input: 1_000 }, 300_000, {
    credit: { nanoUsdPerCredit: 10_000_000, markupBasisPoints: 2_000 },
  }),
  costs('a markup that divides into no whole number', { input: 1 }, 3, {
    credit: { nanoUsdPerCredit: 1_000_000_000, markupBasisPoints: 1 },
  }),
  costs('counts and rates beyond 2^53 in their product', { input: 9_007_199_254_740_991 }, 9_007_199_254_740_991, {
    rates: [{ unit: 'input', nanoUsdPerMillion: 1_000_000_000 }],
  }),
  costs('a service tier has rates of its own', { input: 1_000, output: 1_000 }, 25_000, {
    rates: tiered,
    tier: 'priority',
  }),
  costs('its rate for a long prompt', { input: 200_001 }, 1_400_007, { rates: tiered, tier: 'priority' }),
  costs('a unit that it lacks is priced as its dearest', { cacheRead: 1_000 }, 5_000, {
    rates: tiered,
    tier: 'priority',
    approximated: ['cacheRead'],
  }),
  costs('without it they do not apply', { input: 1_000, output: 1_000 }, 12_500, { rates: tiered }),
  costs('rates of other models name each unit', { input: 1_000, audioIn: 10, requests: 1 }, 2_525, {
    rates,
    tier: 'priority',
    isApproximated: true,
    approximated: ['input', 'audioIn'],
  }),
  costs('before the window of a timed rate', { input: 1 }, 1, { rates: timed, at: '2026-11-20T16:29:59Z' }),
  costs('at its begin', { input: 1 }, 2, { rates: timed, at: '2026-11-20T16:30:00Z' }),
  costs('across midnight', { input: 1 }, 2, { rates: timed, at: '2026-11-20T00:29:00Z' }),
  costs('at its end', { input: 1 }, 1, { rates: timed, at: '2026-11-20T00:30:00Z' }),
]

/** What is refused rather than free or wrong. */
export const refusedCases: readonly {
  readonly name: string
  readonly usage: Usage
  readonly rates: readonly Rate[]
  readonly tier?: string
  readonly code: 'E_INVALID' | 'E_NOT_FOUND'
}[] = [
  { name: 'seconds without a rate', usage: { seconds: 1 }, rates, code: 'E_NOT_FOUND' },
  { name: 'searches without a rate', usage: { searches: 1 }, rates, code: 'E_NOT_FOUND' },
  { name: 'output without any rate of output', usage: { output: 1 }, rates: [audio], code: 'E_NOT_FOUND' },
  { name: 'a service tier without rates', usage: { input: 1 }, rates, tier: 'priority', code: 'E_NOT_FOUND' },
  { name: 'a negative count', usage: { input: -5 }, rates, code: 'E_INVALID' },
  { name: 'a fraction', usage: { input: 0.5 }, rates, code: 'E_INVALID' },
  { name: 'a count beyond 2^53', usage: { input: 1e300 }, rates, code: 'E_INVALID' },
  { name: 'a cost beyond 2^53', usage: { output: Number.MAX_SAFE_INTEGER }, rates, code: 'E_INVALID' },
]
