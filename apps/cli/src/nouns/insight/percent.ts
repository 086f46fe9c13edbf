import { CoreError } from '@core/foundation'

/** Percent as a person writes them, in basis points: 12.5 is 1250. */
export function toBasisPoints(option: string, text: string): number {
  const points = Math.round(Number(text) * 100)
  if (/^-?\d{1,6}(\.\d{1,2})?$/.test(text)) return points
  throw new CoreError('E_INVALID', `${option}: ${JSON.stringify(text)} is not a number of percent`, {
    fix: 'Write it with at most two decimals, such as 12.5.',
  })
}

export function toPercent(basisPoints: number): string {
  return `${basisPoints / 100} %`
}
