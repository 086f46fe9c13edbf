import { CoreError, isCoreError, withDetails } from '@core/foundation'

/**
 * Every error of a mutation is a CoreError and has its key, also one that was generated, so that the call can be sent again.
 * Reading the answer is part of `call`: what fails there may have been charged.
 */
export async function keyed<Outcome>(key: string, call: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await call()
  } catch (error) {
    throw withDetails(toCoreError(error), { key })
  }
}

export function toCoreError(cause: unknown): CoreError {
  return isCoreError(cause) ? cause : new CoreError('E_INTERNAL', String(cause), { cause })
}
