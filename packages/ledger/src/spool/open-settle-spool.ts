import { CoreError, type Storable, systemClock } from '@core/foundation'
import { z } from 'zod/mini'
import { microCredits } from '../credits.ts'
import type { HoldCalls } from '../hold-calls.ts'
import type { Metadata } from '../metadata.ts'
import type { SettleInput } from '../operation.ts'
import type { UnsettledWork } from '../unsettled-work.ts'
import { arrivesWithinMs, type GivenBack, giveBack } from './give-back.ts'
import { openSpool, type SpoolOptions } from './open-spool.ts'

type Settling = Pick<HoldCalls, 'settle' | 'void'>

export interface SettleSpoolOptions extends Omit<SpoolOptions, 'send'> {
  /** Or which ledger, by the owner that was named when the settle was kept. */
  ledger: Settling | ((owner: Storable | undefined) => Settling)
}

/** Settles that could not be sent: on disk until the ledger has them. Each is charged once, also after its hold has expired. */
export interface SettleSpool extends AsyncDisposable {
  /** Takes what `withHold` could not charge, with whose it is where that matters. Resolves when it is on disk. */
  keep(unsettled: Pick<UnsettledWork, 'settle'>, owner?: Storable): Promise<void>
  /** Takes a hold whose reserve was not answered: it is given back, where it was made. Resolves when that is on disk. */
  giveBack(hold: GivenBack, owner?: Storable): Promise<void>
  /** Settles and holds to give back that are not sent yet. */
  readonly pending: number
  flush: Awaited<ReturnType<typeof openSpool>>['flush']
  close(): Promise<void>
}

const settleShape = z.object({
  hold: z.string(),
  amount: z.optional(z.number()),
  metadata: z.optional(z.custom<Metadata>((value) => typeof value === 'object' && value !== null)),
  owner: z.optional(z.custom<Storable>()),
  givenBack: z.optional(z.object({ untilMs: z.number(), reason: z.optional(z.string()) })),
})

export async function openSettleSpool({ ledger, ...options }: SettleSpoolOptions): Promise<SettleSpool> {
  const { clock = systemClock } = options
  const spool = await openSpool({
    ...options,
    async send({ key, value }) {
      const { hold, amount, metadata, owner, givenBack } = settleShape.parse(value)
      const calls = typeof ledger === 'function' ? ledger(owner) : ledger
      if (givenBack !== undefined) {
        const { reason, untilMs } = givenBack
        return await giveBack(calls, { hold, reason }, { key, isOver: clock.now() >= untilMs })
      }
      const input: SettleInput = {
        key,
        hold,
        metadata,
        amount: amount === undefined ? undefined : microCredits(amount),
      }
      const { status } = await calls.settle(input)
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
    async giveBack({ hold, reason }, owner) {
      const givenBack = { untilMs: clock.now() + arrivesWithinMs, ...(reason === undefined ? {} : { reason }) }
      await spool.put({ key: `${hold}:void`, value: { hold, givenBack, ...(owner === undefined ? {} : { owner }) } })
    },
    get pending() {
      return spool.pending
    },
    flush: (limits) => spool.flush(limits),
    close: () => spool.close(),
    [Symbol.asyncDispose]: () => spool.close(),
  }
}
