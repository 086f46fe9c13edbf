import { CoreError } from '@core/foundation'
import { toDatabaseError } from '../database-error.ts'
import { missingFunction } from '../missing-function.ts'

/** What PostgREST says of a failed call, or what a gateway or the network said instead. */
export interface RestFault {
  readonly code?: string | undefined
  readonly message: string
  readonly details?: string | null | undefined
  readonly hint?: string | null | undefined
}

/** Converts the answer of a REST interface to the error that the other drivers give; `status` is 0 where none came. */
export function toRestError(name: string, status: number, error: RestFault): CoreError {
  const fault = { code: error.code, message: error.message, detail: error.details, hint: error.hint }
  if (error.code === 'PGRST202') {
    if (!isWrongArgument(name, error)) return missingFunction(name, error)
    return new CoreError('E_INVALID', `core_api.${name}: ${error.message}`, {
      cause: error,
      details: { reason: 'unknown_argument' },
      ...(error.hint ? { fix: error.hint } : {}),
    })
  }
  // Of the gateway before PostgREST: it knows the keys of its project and no token.
  if (status === 401 && /^(invalid api key|invalid authentication credentials|no api key)/i.test(error.message)) {
    return new CoreError('E_UNAUTHENTICATED', `core_api.${name}: ${error.message}`, {
      cause: error,
      fix: 'Beside a token give the publishable or anon key of the Supabase project (apiKey; SUPABASE_PUBLISHABLE_KEY).',
    })
  }
  if (error.code) return toDatabaseError(`core_api.${name}`, fault, error)
  return toDatabaseError(`core_api.${name}`, { ...fault, code: byStatus(status) }, error)
}

/** PostgREST looks up a function by its name and arguments together, and its hint names the closest match. */
function isWrongArgument(name: string, { hint }: RestFault): boolean {
  return hint?.includes(`core_api.${name}(`) ?? false
}

function byStatus(status: number): string | undefined {
  if (status === 0 || status === 502 || status === 503 || status === 504) return '08006'
  if (status === 401) return 'PT401'
  if (status === 403) return 'PT403'
  if (status === 413) return 'PT413'
  if (status === 429) return 'PT429'
  return undefined
}
