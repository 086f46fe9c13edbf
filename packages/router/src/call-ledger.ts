import type { RouterDependencies } from './call.ts'
import { reserveOnce } from './reserve-once.ts'
import type { ResolvedCall } from './resolve-call.ts'

type HoldLedger = ResolvedCall['request']['caller']['ledger']
type SettleMetadata = Parameters<HoldLedger['settle']>[0]['metadata']

/** The caller's ledger for one call: an unanswered reserve is given back, and each settle says what the call was. */
export function callLedgerOf(
  { request: { caller } }: ResolvedCall,
  { keepUnsettled }: Pick<RouterDependencies, 'keepUnsettled'>,
  settleFacts: () => SettleMetadata,
): HoldLedger {
  const { ledger, project, subject } = caller
  const giveBack = (hold: string) =>
    keepUnsettled({ project, subject, giveBack: { hold, reason: 'the call was not made' } })
  return {
    ...ledger,
    // Without the signal, which only ends the waiting for the settle.
    reserve: (input) => reserveOnce({ ledger, giveBack }, input),
    settle: (input) => ledger.settle({ ...input, metadata: settleFacts() }),
  }
}
