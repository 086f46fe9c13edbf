import { CoreError } from '@core/foundation'

/** @throws CoreError E_INVALID */
export function wholeNumber(option: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new CoreError('E_INVALID', `${JSON.stringify(text)} is not a whole number`, {
    fix: `Give ${option} digits only.`,
  })
}

/** @throws CoreError E_INVALID */
export function decimalNumber(option: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new CoreError('E_INVALID', `${JSON.stringify(text)} is not a number`, {
    fix: `Give ${option} a number such as 0.5.`,
  })
}
