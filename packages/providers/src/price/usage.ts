import { CoreError } from '@core/foundation'

/** What a call is billed by. Parts are disjoint: `input` excludes what was read from or written to a cache. */
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

const inputUnits: ReadonlySet<Unit> = new Set([
  'input',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'audioIn',
  'imageIn',
])
const outputUnits: ReadonlySet<Unit> = new Set(['output', 'reasoning', 'audioOut'])

/** The units that a unit without a rate may be priced as; undefined for what is not a token. */
export function directionOf(unit: Unit): ReadonlySet<Unit> | undefined {
  return [inputUnits, outputUnits].find((direction) => direction.has(unit))
}

/** @throws CoreError E_INVALID unless each part is a whole number from 0 to 2^53 - 1. */
export function requireUsage(usage: Usage): void {
  for (const unit of units) {
    const value = usage[unit]
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) continue
    throw new CoreError('E_INVALID', `usage.${unit} is ${value}`, {
      fix: 'Send a whole number from 0 to 9007199254740991.',
      details: { field: unit },
    })
  }
}

/** Tokens of the prompt, by which rates for long prompts apply. */
export function totalInput(usage: Usage): number {
  let total = 0
  for (const unit of inputUnits) total += usage[unit] ?? 0
  return total
}
