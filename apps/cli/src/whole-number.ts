import { CoreError } from '@core/foundation'

/** @throws CoreError E_INVALID */
export function wholeNumber(option: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new CoreError('E_INVALID', `${JSON.stringify(text)} is not a whole number`, {
    fix: `Give ${option} digits only.`,
  })
}
