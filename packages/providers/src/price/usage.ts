import { CoreError } from '@core/foundation'

/**
 * What a call is billed by. Parts are disjoint: `input` excludes what was read from or written to a cache. First what goes
 * in, then what comes out, then what is no token.
 */
export const units = [
  'input',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'audioIn',
  'imageIn',
  'output',
  'reasoning',
  'audioOut',
  'seconds',
  'searches',
  'requests',
] as const
export type Unit = (typeof units)[number]

/** Whole numbers of each unit; what is left out is 0. Tokens, except `seconds`, `searches` and `requests`. */
export type Usage = { readonly [Name in Unit]?: number }

const firstOutput = units.indexOf('output')
const firstOther = units.indexOf('seconds')
const places: ReadonlyMap<string, number> = new Map(units.map((unit, index) => [unit, index]))

/** The unit at a place of `units`. */
export function unitAt(place: number): Unit {
  return units[place] ?? 'requests'
}

/** The place of a unit in `units`, and of anything else -1. */
export function placeOf(unit: string): number {
  return places.get(unit) ?? -1
}

/** The units that a unit without a rate may be priced as, as a range of places; empty for what is not a token. */
export function directionOf(place: number): readonly [from: number, to: number] {
  if (place < firstOutput) return [0, firstOutput]
  return place < firstOther ? [firstOutput, firstOther] : [0, 0]
}

/**
 * The count of each unit, by its place.
 * @throws CoreError E_INVALID unless each is a whole number from 0 to 2^53 - 1.
 */
export function countsOf(usage: Usage): readonly number[] {
  const counts = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  for (const name in usage) {
    const place = placeOf(name)
    if (place === -1) continue
    const value: number | undefined = usage[name as Unit]
    if (value === undefined) continue
    if (!Number.isSafeInteger(value) || value < 0) throw invalidUsage(name, value)
    counts[place] = value
  }
  return counts
}

function invalidUsage(name: string, value: number): CoreError {
  return new CoreError('E_INVALID', `usage.${name} is ${value}`, {
    fix: 'Send a whole number from 0 to 9007199254740991.',
    details: { field: name },
  })
}

/** Tokens of the prompt, by which rates for long prompts apply. */
export function totalInput(counts: readonly number[]): number {
  let total = 0
  for (let place = 0; place < firstOutput; place++) total += counts[place] ?? 0
  return total
}
