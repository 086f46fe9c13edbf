import { CoreError } from '@core/foundation'
import type { Unit } from './usage.ts'

/** What a million of a unit costs, in nano-USD: 2.5 USD for a million tokens is 2_500_000_000. */
export interface Rate {
  readonly unit: Unit
  readonly nanoUsdPerMillion: number
  /** The rate applies to the whole call where its prompt has more tokens than this. Default 0. */
  readonly overInput?: number
  /** The rate applies at these times of day only, UTC, `HH:MM`; a window may pass midnight. */
  readonly from?: string
  readonly to?: string
}

/**
 * The rates that apply to a call: those of its time of day where there are any, of each unit the one for its prompt.
 * @throws CoreError E_INVALID for a rate that is negative or not whole.
 */
export function ratesFor(rates: readonly Rate[], at: Date, input: number): ReadonlyMap<Unit, number> {
  const time = at.toISOString().slice(11, 16)
  const windowed = rates.filter(({ from, to }) => from !== undefined && to !== undefined && isWithin(time, from, to))
  const applying = windowed.length > 0 ? windowed : rates.filter(({ from }) => from === undefined)
  const found = new Map<Unit, Rate>()
  for (const rate of applying) {
    requireRate(rate)
    const over = rate.overInput ?? 0
    if (over > 0 && over >= input) continue
    const before = found.get(rate.unit)
    if (before === undefined || over > (before.overInput ?? 0)) found.set(rate.unit, rate)
  }
  return new Map([...found].map(([unit, rate]) => [unit, rate.nanoUsdPerMillion]))
}

function requireRate({ unit, nanoUsdPerMillion }: Rate): void {
  if (Number.isSafeInteger(nanoUsdPerMillion) && nanoUsdPerMillion >= 0) return
  throw new CoreError('E_INVALID', `the rate of ${unit} is ${nanoUsdPerMillion}, not whole nano-USD from 0`, {
    fix: 'Write 2.5 USD for a million tokens as 2_500_000_000.',
  })
}

function isWithin(time: string, from: string, to: string): boolean {
  return from <= to ? time >= from && time < to : time >= from || time < to
}
