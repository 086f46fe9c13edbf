import type { Credits } from '@core/api/functions'
import { CoreError } from '@core/foundation'

export { formatCredits } from '@core/api/functions'
/** Whole micro-credits in [0, 2^53 - 1]. One credit is 1,000,000 of them: `credits(2.5) === 2_500_000`. */
export type { Credits }

const MICRO_DIGITS = 6

/** Micro-credits that are whole already, checked. Throws E_INVALID for fractions, negatives and values above 2^53 - 1. */
export function microCredits(amount: number): Credits {
  if (!Number.isSafeInteger(amount) || amount < 0) {
    throw new CoreError('E_INVALID', `an amount must be whole micro-credits from 0 to 2^53 - 1, got ${amount}`, {
      fix: 'Convert a price with credits(2.5), which rounds up once.',
      details: { reason: 'invalid_amount' },
    })
  }
  return amount as Credits
}

/**
 * Credits as a number or decimal text, converted to micro-credits. What is finer than a micro-credit rounds up: the one
 * place where a price becomes credits, and never in the customer's favour by accident. Exact: the decimal digits are
 * read, not multiplied, so credits(1.1) is 1,100,000 and not one more.
 */
export function credits(amount: number | string): Credits {
  const match = /^(\d+)(?:\.(\d*))?(?:e([+-]?\d+))?$/.exec(String(amount).trim())
  if (!match) {
    throw new CoreError('E_INVALID', `${JSON.stringify(amount)} is not an amount of credits`, {
      fix: 'Use a number that is not negative, such as 2.5.',
      details: { reason: 'invalid_amount' },
    })
  }
  const [, whole = '', fraction = '', exponent = '0'] = match
  const digits = whole + fraction
  const shift = MICRO_DIGITS + Number(exponent) - fraction.length
  if (Math.abs(shift) > 400)
    return microCredits(shift > 0 && Number(digits) > 0 ? Number.POSITIVE_INFINITY : Number(Number(digits) > 0))
  if (shift >= 0) return microCredits(Number(BigInt(digits) * 10n ** BigInt(shift)))
  const divisor = 10n ** BigInt(-shift)
  return microCredits(Number((BigInt(digits) + divisor - 1n) / divisor))
}
