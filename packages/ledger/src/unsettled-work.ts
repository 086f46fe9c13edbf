import { CoreError, isCoreError, isObject } from '@core/foundation'
import type { Credits } from './credits.ts'
import type { SettleInput } from './operation.ts'

/**
 * Work whose charge may not have arrived. When its hold expires, no credits are set aside for it;
 * `ledger.settle(unsettled.settle)` still charges it, once, however often it is sent.
 */
export interface UnsettledWork {
  hold: string
  metered: Credits
  /** What to send later, with its key. */
  settle: SettleInput
  /** Why it could not be settled. */
  error: CoreError
}

/**
 * The error of work that failed and could not be settled either. An error of its own, with that of the work as `cause`:
 * the work's may be shared, as the reason of an abort is by all runs that it ends.
 */
export function toUnsettledError(workError: unknown, unsettled: UnsettledWork): CoreError {
  const { error, metered, settle } = unsettled
  return new CoreError(error.code, `the work failed, and what it metered is not charged yet: ${error.message}`, {
    cause: workError,
    retryable: isCoreError(workError) && workError.retryable,
    fix: 'Send ledger.settle(unsettledOf(error).settle) later; it charges once.',
    details: { ...error.details, reason: 'work_unsettled', key: settle.key, metered, unsettled },
  })
}

/** What `withHold` could not charge of work that failed; undefined for every other error. */
export function unsettledOf(error: unknown): UnsettledWork | undefined {
  if (!isCoreError(error)) return undefined
  const { unsettled } = error.details
  return isUnsettledWork(unsettled) ? unsettled : undefined
}

function isUnsettledWork(value: unknown): value is UnsettledWork {
  return (
    isObject(value) && typeof value['hold'] === 'string' && isObject(value['settle']) && isCoreError(value['error'])
  )
}
