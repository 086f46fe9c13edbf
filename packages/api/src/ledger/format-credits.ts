import { CoreError } from '@core/foundation'

const MICRO_DIGITS = 6

/** Micro-credits as credits in decimal, exact: 2_500_000 is `2.5`, and -1 is `-0.000001`. The inverse of `credits` of `@core/ledger`. */
export function formatCredits(micro: number): string {
  if (!Number.isSafeInteger(micro)) {
    throw new CoreError('E_INVALID', `micro-credits are whole numbers, got ${micro}`, {
      details: { reason: 'invalid_amount' },
    })
  }
  const digits = String(Math.abs(micro)).padStart(MICRO_DIGITS + 1, '0')
  const fraction = digits.slice(-MICRO_DIGITS).replace(/0+$/, '')
  return `${micro < 0 ? '-' : ''}${digits.slice(0, -MICRO_DIGITS)}${fraction === '' ? '' : `.${fraction}`}`
}
