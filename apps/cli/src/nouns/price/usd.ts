import { CoreError } from '@core/foundation'

/**
 * USD as people write them, in whole nano-USD: `2.5` is 2_500_000_000. A tenth decimal is refused, not rounded.
 * @throws CoreError E_INVALID
 */
export function parseUsd(text: string): number {
  const [, whole, fraction = ''] = /^(\d{1,6})(?:\.(\d{1,9}))?$/.exec(text.trim()) ?? []
  if (whole !== undefined) return Number(BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')))
  throw new CoreError('E_INVALID', `${JSON.stringify(text)} is not a price; expected USD such as 2.5`)
}

/** The way back: 2_500_000_000 → `2.5`. */
export function formatUsd(nano: number): string {
  const text = String(nano).padStart(10, '0')
  const fraction = text.slice(-9).replace(/0+$/, '')
  return `${text.slice(0, -9)}${fraction === '' ? '' : `.${fraction}`}`
}
