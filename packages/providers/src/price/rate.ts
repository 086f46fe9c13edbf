import { CoreError } from '@core/foundation'
import { placeOf, type Unit } from './usage.ts'

/** What a million of a unit costs, in nano-USD: 2.5 USD for a million tokens is 2_500_000_000. */
export interface Rate {
  readonly unit: Unit
  readonly nanoUsdPerMillion: number
  /** The rate applies to the whole call where its prompt has more tokens than this. Default 0. */
  readonly overInput?: number
  /** The rate applies at these times of day only, UTC, `HH:MM`; a window may pass midnight. */
  readonly from?: string
  readonly to?: string
  /** The rate applies to calls of this service tier only, such as `priority`. A tier has rates for all its units. */
  readonly tier?: string
}

/** The rate of each unit, in the order of `units`; `noRate` where there is none. */
export type UnitRates = readonly number[]
export const noRate = -1

/**
 * The rates that apply to a call: those of its service tier, of them those of its time of day where there are any, and of
 * each unit the one for its prompt.
 * One pass without objects: it runs for each call of a model.
 * @throws CoreError E_INVALID for a rate that is negative or not whole.
 */
export function ratesFor(rates: readonly Rate[], at: Date, input: number, tier?: string): UnitRates {
  const time = timeFor(rates, at, tier)
  const found = [noRate, noRate, noRate, noRate, noRate, noRate, noRate, noRate, noRate, noRate, noRate, noRate]
  const thresholds = [...found]
  for (const rate of rates) {
    if (rate.tier !== tier) continue
    if (time === undefined ? rate.from !== undefined : !isWithin(rate, time)) continue
    const { nanoUsdPerMillion, overInput = 0 } = rate
    if (!Number.isSafeInteger(nanoUsdPerMillion) || nanoUsdPerMillion < 0) throw invalidRate(rate)
    const place = placeOf(rate.unit)
    if (place === -1 || (overInput > 0 && overInput >= input) || overInput <= (thresholds[place] ?? 0)) continue
    thresholds[place] = overInput
    found[place] = nanoUsdPerMillion
  }
  return found
}

/** The time of day where rates for it apply. */
function timeFor(rates: readonly Rate[], at: Date, tier: string | undefined): string | undefined {
  for (const { from, tier: own } of rates) {
    if (from === undefined || own !== tier) continue
    const time = at.toISOString().slice(11, 16)
    return rates.some((rate) => rate.tier === tier && isWithin(rate, time)) ? time : undefined
  }
  return undefined
}

function invalidRate({ unit, nanoUsdPerMillion }: Rate): CoreError {
  return new CoreError('E_INVALID', `the rate of ${unit} is ${nanoUsdPerMillion}, not whole nano-USD from 0`, {
    fix: 'Write 2.5 USD for a million tokens as 2_500_000_000.',
  })
}

function isWithin({ from, to }: Rate, time: string): boolean {
  if (from === undefined || to === undefined) return false
  return from <= to ? time >= from && time < to : time >= from || time < to
}
