import { isCoreError, withDetails } from '@core/foundation'

/** Every error of a mutation has its key, also one that was generated, so that the call can be sent again. */
export async function keyed<Answer>(key: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call()
  } catch (error) {
    throw isCoreError(error) ? withDetails(error, { key }) : error
  }
}
