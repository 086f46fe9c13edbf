import { type AcceptedOf, callable, ledgerRefundHold } from '@core/api/functions'
import type { Database, RpcOptions } from '@core/database'
import { type CallOptions, uuidv7 } from '@core/foundation'
import type { Credits } from './credits.ts'
import { keyed } from './keyed.ts'

export interface RefundHoldInput {
  hold: string
  /** Default: what is left of all its charges. */
  amount?: Credits | undefined
  /** Identifies the effect. Default: a new uuid; an error of the call has it as `details.key`. */
  key?: string | undefined
}

/**
 * What a hold was charged went back: the last charge first, and never what was uncollected. `left` is what can still be
 * refunded; `refunds` has one entry for each charge that was touched, its transaction `refunds`, that of the refund `tx`.
 */
export interface RefundedHold extends Omit<AcceptedOf<typeof ledgerRefundHold>, 'ok'> {
  status: 'refunded'
}

export function createHoldRefund(database: Pick<Database, 'rpc'>, claims: RpcOptions['claims']) {
  const refund = callable(database, ledgerRefundHold)
  return ({ key = uuidv7(), ...input }: RefundHoldInput, options?: CallOptions): Promise<RefundedHold> =>
    keyed(key, async () => {
      const { ok: _, ...facts } = await refund({ key, ...input }, { ...options, claims })
      return { status: 'refunded', ...facts }
    })
}
