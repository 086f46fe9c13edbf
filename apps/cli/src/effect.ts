import { type CoreError, type ErrorCode, isCoreError, uuidv7, withDetails } from '@core/foundation'
import { Option } from 'commander'
import type { Session } from './session.ts'

export interface EffectOptions {
  idempotencyKey?: string
}

export function idempotencyKeyOption(): Option {
  return new Option(
    '--idempotency-key <key>',
    'names the intended effect; give the same again on a retry (default: a new uuid)',
  )
}

/** After these the effect may or may not have happened. */
const unknownOutcomes: readonly ErrorCode[] = ['E_TIMEOUT', 'E_ABORTED', 'E_DATABASE_UNAVAILABLE', 'E_DATABASE_BUSY']

/** Runs a call that changes something, and says how to repeat it safely where its outcome stays unknown. */
export async function withKey<Answer>(
  session: Session,
  options: EffectOptions,
  call: (options: { idempotencyKey: string; signal: AbortSignal }) => Promise<Answer>,
): Promise<Answer> {
  const idempotencyKey = options.idempotencyKey ?? uuidv7()
  try {
    return await call({ idempotencyKey, signal: session.io.signal })
  } catch (error) {
    if (!isUnknownOutcome(error)) throw error
    throw withDetails(error, { idempotencyKey, repeatWith: `--idempotency-key ${idempotencyKey}` })
  }
}

/** Whether a call that failed like this may have had its effect. */
export function isUnknownOutcome(error: unknown): error is CoreError {
  return isCoreError(error) && unknownOutcomes.includes(error.code) && !wasNeverSent(error)
}

const refusals: readonly unknown[] = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH']

/** No connection, no effect. */
function wasNeverSent(error: Error): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && refusals.includes(cause.code)) return true
  }
  return false
}
