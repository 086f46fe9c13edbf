import { CoreError, isCoreError } from '@core/foundation'
import type { RouterDependencies } from './call.ts'
import { reserveOnce } from './reserve-once.ts'
import type { ResolvedCall } from './resolve-call.ts'

type HoldLedger = ResolvedCall['request']['caller']['ledger']
type SettleMetadata = Parameters<HoldLedger['settle']>[0]['metadata']

/**
 * The caller's ledger for one call: an unanswered reserve is given back, each settle says what the call was, and one that
 * fails when it is late is not tried again.
 */
export function callLedgerOf(
  { request: { caller } }: ResolvedCall,
  { keepUnsettled }: Pick<RouterDependencies, 'keepUnsettled'>,
  { settleFacts, isSettleLate }: { readonly settleFacts: () => SettleMetadata; readonly isSettleLate: () => boolean },
): HoldLedger {
  const { ledger, project, subject } = caller
  const giveBack = (hold: string) =>
    keepUnsettled({ project, subject, giveBack: { hold, reason: 'the call was not made' } })
  return {
    ...ledger,
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
