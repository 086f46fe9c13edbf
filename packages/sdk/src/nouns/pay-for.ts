import { CoreError } from '@core/foundation'
import { type HoldWorkInput, type LiveHold, microCredits } from '@core/ledger'

import type { CoreLedger } from './core-ledger.ts'

/** What work that is paid for needs of its hold. */
export type Payment = Pick<LiveHold, 'signal' | 'meter' | 'metered'>

/**
 * Runs a call of a model under a hold, and gives what it gave; a settle that could not be sent is the ledger's to keep.
 * Work that costs nothing has no hold.
 * @throws CoreError E_CONFLICT where the ledger does not allow it: the work was not started.
 */
export async function payFor<Value>(
  ledger: Pick<CoreLedger, 'withHold'>,
  input: HoldWorkInput,
  work: (payment: Payment) => Promise<Value>,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Value> {
  if (input.max === 0) {
    return await work({ signal: signal ?? new AbortController().signal, meter() {}, metered: microCredits(0) })
  }
  const outcome = await ledger.withHold(input, work, { signal })
  if ('value' in outcome) return outcome.value
  const { status, account } = outcome
  throw new CoreError('E_CONFLICT', `the model was not called: ${account} has ${status.replaceAll('_', ' ')}`, {
    fix: 'Grant credits, raise the budget, or name another account.',
    details: { reason: status, account },
  })
}
