import { CoreError } from '@core/foundation'

/** A length of time: milliseconds as a number, or a text such as `250ms`, `30s`, `10m`, `6h`, `7d`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const unitsMs = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/** Ten years: beyond it a time to live means a mistake of units. */
const longestMs = 3_650 * 86_400_000

/**
 * Milliseconds of a duration.
 * @throws CoreError E_INVALID for anything but 0 to ten years, naming the option.
 */
export function toMilliseconds(option: string, duration: Duration): number {
  const ms = typeof duration === 'number' ? duration : parse(duration)
  if (!(ms >= 0 && ms <= longestMs)) {
    throw new CoreError('E_INVALID', `${option} must be a length of time from 0 to 3650d, got ${String(duration)}`, {
      fix: `Give milliseconds as a number, or a text such as '250ms', '30s', '10m', '6h', '7d'.`,
      details: { field: option },
    })
  }
  return ms
}

function parse(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? []
  return Number(amount) * (unitsMs.get(unit) ?? Number.NaN)
}
