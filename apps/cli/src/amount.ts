import { formatCredits } from '@core/api/functions'
import { CoreError } from '@core/foundation'

/** How people write and read amounts here: credits (`2.5`), or whole micro-credits with `--micro`. */
export type AmountUnit = 'credits' | 'micro'

const microPerCredit = 1_000_000n
const largest = BigInt(Number.MAX_SAFE_INTEGER)

/**
 * Reads an amount exactly, digit by digit: `2.5` credits are 2_500_000 micro-credits. A seventh decimal is refused, not
 * rounded.
 * @throws CoreError E_INVALID
 */
export function parseAmount(text: string, unit: AmountUnit): number {
  const micro = unit === 'micro' ? parseWhole(text) : parseCredits(text)
  if (micro > largest) {
    throw invalidAmount(text, `at most ${unit === 'micro' ? largest : formatAmount(Number(largest), 'credits')}`)
  }
  return Number(micro)
}

function parseWhole(text: string): bigint {
  if (!/^\d+$/.test(text)) throw invalidAmount(text, 'with --micro a whole number of micro-credits, such as 2500000')
  return BigInt(text)
}

function parseCredits(text: string): bigint {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text)
  if (!match) throw invalidAmount(text, 'a number of credits such as 2.5, without sign, exponent or separators')
  const [, whole = '', fraction = ''] = match
  if (fraction.length > 6) throw invalidAmount(text, 'at most six decimals: a micro-credit is the smallest amount')
  return BigInt(whole) * microPerCredit + BigInt(fraction.padEnd(6, '0'))
}

function invalidAmount(text: string, expected: string): CoreError {
  return new CoreError('E_INVALID', `${JSON.stringify(text)} is not an amount; expected ${expected}`, {
    details: { field: 'amount' },
  })
}

/** The way back, exact as well: 2_500_000 → `2.5`, -1 → `-0.000001`. */
export function formatAmount(micro: number, unit: AmountUnit): string {
  return unit === 'micro' ? String(micro) : formatCredits(micro)
}
