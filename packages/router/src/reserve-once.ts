import { isCoreError, retry, uuidv7 } from '@core/foundation'
import type { HoldCalls } from '@core/ledger'
import { usedKey } from './denial.ts'

/** How long a hold is given back whose reserve was not answered: beyond that it lapses. */
const giveBack = { attempts: 8, baseMs: 500, capMs: 8_000 } as const

/**
 * Reserves for one call. The hold has an id of this call: a replay that has it is this call's own reserve, whose first
 * answer was lost with its connection; one that has another is an earlier call of that key.
 * @throws GatewayError conflict for a key that has named a hold before.
 */
export async function reserveOnce(
  ledger: HoldCalls,
  ...[input, options]: Parameters<HoldCalls['reserve']>
): ReturnType<HoldCalls['reserve']> {
  const hold = uuidv7()
  try {
    const reserved = await ledger.reserve({ ...input, hold }, options)
    if (reserved.status === 'reserved' && reserved.hold !== hold) throw usedKey()
    return reserved
  } catch (error) {
    if (isUnanswered(error)) {
      const send = () => ledger.void({ hold, reason: 'the call was not made', key: `${hold}:void` })
      // Not waited for: the client learns now that it may send its request again.
      retry(send, giveBack).catch(() => undefined)
    }
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
