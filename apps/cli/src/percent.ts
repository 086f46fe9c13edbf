import { CoreError } from '@core/foundation'

/** 80 → 8000 basis points, 99.5 → 9950: at most two decimals, exactly. @throws CoreError E_INVALID */
export function parsePercent(text: string, largest: number): number {
  const match = /^(\d{1,4})(?:\.(\d{1,2}))?$/.exec(text.trim())
  const basisPoints = match ? Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0')) : Number.NaN
  if (basisPoints <= largest * 100) return basisPoints
  throw new CoreError('E_INVALID', `${JSON.stringify(text)} is not a percentage from 0 to ${largest}, such as 12.5`)
}
