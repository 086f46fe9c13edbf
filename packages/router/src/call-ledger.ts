import { CoreError, isCoreError } from '@core/foundation'
import type { HoldCalls } from '@core/ledger'
import type { RouterDependencies } from './call.ts'
import { reserveOnce } from './reserve-once.ts'
import type { ResolvedCall } from './resolve-call.ts'

type SettleMetadata = Parameters<HoldCalls['settle']>[0]['metadata']

/**
 * The caller's ledger for one call: an unanswered reserve is given back, each settle says what the call was, and one that
 * fails when it is late is not tried again.
 */
export function callLedgerOf(
  { request: { caller } }: ResolvedCall,
  { keepUnsettled }: Pick<RouterDependencies, 'keepUnsettled'>,
  { settleFacts, isSettleLate }: { readonly settleFacts: () => SettleMetadata; readonly isSettleLate: () => boolean },
): HoldCalls {
  const { ledger, project, subject } = caller
  const giveBack = (hold: string) =>
    keepUnsettled({ project, subject, giveBack: { hold, reason: 'the call was not made' } })
  return {
    extend: ledger.extend,
    void: ledger.void,
    reserve: (input) => reserveOnce({ ledger, giveBack }, input),
    async settle(input) {
      try {
        return await ledger.settle({ ...input, metadata: settleFacts() })
      } catch (error) {
        throw isSettleLate() && isCoreError(error) ? toFinal(error) : error
      }
    },
  }
}

/** The same failure, after which nothing is tried again. */
function toFinal(cause: CoreError): CoreError {
  const { code, message, details } = cause
  return new CoreError(code, message, { cause, details, retryable: false })
}
