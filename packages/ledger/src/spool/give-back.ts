import { CoreError, isCoreError } from '@core/foundation'
import { microCredits } from '../credits.ts'
import type { HoldCalls } from '../hold-calls.ts'

export interface GivenBack {
  /** The id that the reserve was sent with. */
  readonly hold: string
  /** Kept in the journal. */
  readonly reason?: string | undefined
}

/** A reserve whose caller has given it up is at its end by then: its connection had a limit of a few seconds. */
export const arrivesWithinMs = 60_000

/**
 * Gives back a hold whose reserve was not answered. One that lapsed meanwhile is closed with nothing, so that it is not taken
 * for work that was done. Where there is none, the reserve may still arrive: retryable, until `isOver`.
 */
export async function giveBack(
  ledger: Pick<HoldCalls, 'settle' | 'void'>,
  { hold, reason }: GivenBack,
  { key, isOver }: { readonly key: string; readonly isOver: boolean },
): Promise<void> {
  try {
    const voided = await ledger.void({ hold, reason, key })
    if (voided.status === 'hold_closed' && voided.holdStatus === 'expired')
      await ledger.settle({ hold, amount: microCredits(0), key: `${key}:lapsed` })
  } catch (error) {
    if (!isCoreError(error, 'E_NOT_FOUND')) throw error
    if (isOver) return
    throw new CoreError('E_NOT_FOUND', `the reserve of the hold ${hold} has not arrived`, {
      retryable: true,
      cause: error,
    })
  }
}
