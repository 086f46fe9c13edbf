import { CoreError, type Storable } from '@core/foundation'
import { z } from 'zod/mini'
import { microCredits } from '../credits.ts'
import type { HoldCalls } from '../hold-calls.ts'
import type { Metadata } from '../metadata.ts'
import type { SettleInput } from '../operation.ts'
import type { UnsettledWork } from '../unsettled-work.ts'
import { openSpool, type SpoolOptions } from './open-spool.ts'

type Settling = Pick<HoldCalls, 'settle'>

export interface SettleSpoolOptions extends Omit<SpoolOptions, 'send'> {
  /** Or which ledger, by the owner that was named when the settle was kept. */
  ledger: Settling | ((owner: Storable | undefined) => Settling)
}

/** Settles that could not be sent: on disk until the ledger has them. Each is charged once, also after its hold has expired. */
export interface SettleSpool extends AsyncDisposable {
  /** Takes what `withHold` could not charge, with whose it is where that matters. Resolves when it is on disk. */
  keep(unsettled: Pick<UnsettledWork, 'settle'>, owner?: Storable): Promise<void>
  /** Settles that are not charged yet. */
  readonly pending: number
  flush: Awaited<ReturnType<typeof openSpool>>['flush']
  close(): Promise<void>
}

const settleShape = z.object({
  hold: z.string(),
  amount: z.optional(z.number()),
  metadata: z.optional(z.custom<Metadata>((value) => typeof value === 'object' && value !== null)),
  owner: z.optional(z.custom<Storable>()),
})

export async function openSettleSpool({ ledger, ...options }: SettleSpoolOptions): Promise<SettleSpool> {
  const spool = await openSpool({
    ...options,
    async send({ key, value }) {
      const { hold, amount, metadata, owner } = settleShape.parse(value)
      const input: SettleInput = {
        key,
        hold,
        metadata,
        amount: amount === undefined ? undefined : microCredits(amount),
      }
      const { status } = await (typeof ledger === 'function' ? ledger(owner) : ledger).settle(input)
      if (status === 'settled' || status === 'settled_late') return
      throw new CoreError('E_CONFLICT', `the hold ${hold} could not be settled: ${status}`, {
        details: { reason: status, hold },
      })
    },
  })
  return {
    async keep({ settle: { key, hold, amount, metadata } }, owner) {
      if (key === undefined) throw new CoreError('E_INVALID', 'a settle in a spool needs its key')
      const value = {
        hold,
        ...(amount === undefined ? {} : { amount }),
        ...(metadata === undefined ? {} : { metadata }),
        ...(owner === undefined ? {} : { owner }),
      }
      await spool.put({ key, value })
    },
    get pending() {
      return spool.pending
    },
    flush: (limits) => spool.flush(limits),
    close: () => spool.close(),
    [Symbol.asyncDispose]: () => spool.close(),
  }
}
