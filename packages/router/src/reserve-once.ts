import { isCoreError, uuidv7 } from '@core/foundation'
import type { HoldCalls } from '@core/ledger'
import { usedKey } from './denial.ts'

/**
 * Reserves for one call. The hold has an id of this call: a replay that has it is this call's own reserve, whose first
 * answer was lost with its connection; one that has another is an earlier call of that key. Where none is answered,
 * `giveBack` takes the hold that may be there, before the client learns that it may send its request again.
 * @throws GatewayError conflict for a key that has named a hold before.
 */
export async function reserveOnce(
  { ledger, giveBack }: { readonly ledger: HoldCalls; readonly giveBack: (hold: string) => Promise<void> },
  ...[input, options]: Parameters<HoldCalls['reserve']>
): ReturnType<HoldCalls['reserve']> {
  const hold = uuidv7()
  try {
    const reserved = await ledger.reserve({ ...input, hold }, options)
    if (reserved.status === 'reserved' && reserved.hold !== hold) throw usedKey()
    return reserved
  } catch (error) {
    if (isUnanswered(error)) await giveBack(hold)
    throw error
  }
}

/** Whether the hold may be there all the same: it would lapse, and be charged as a call that was made. */
function isUnanswered(error: unknown): boolean {
  if (!isCoreError(error) || !error.retryable) return false
  const { sent, reason } = error.details
  // The database repeats a call: that the last attempt was not sent says nothing of the one before.
  if (error.code === 'E_DATABASE_UNAVAILABLE') return reason !== 'circuit_open'
  return sent !== false && reason !== 'queue_full'
}
