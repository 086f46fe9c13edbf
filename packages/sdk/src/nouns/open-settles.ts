import type { CallOptions } from '@core/foundation'
import { CoreError } from '@core/foundation'
import type { Ledger, UnsettledWork } from '@core/ledger'
import { openSettleSpool } from '@core/ledger/spool'
import type { Breaker } from '../breaker.ts'
import type { Context } from './context.ts'

/** What `withHold` could not charge: on disk until it is. */
export interface Settles {
  keep(unsettled: Pick<UnsettledWork, 'settle'>): Promise<void>
  readonly pending: number
  flush(options: CallOptions): Promise<void>
  close(): Promise<void>
}

export interface SettlesOptions extends Pick<Context, 'clock' | 'logger'> {
  readonly ledger: Pick<Ledger, 'settle' | 'void'>
  readonly breaker: Breaker
  readonly file: string
}

export async function openSettles({ ledger, breaker, file, clock, logger }: SettlesOptions): Promise<Settles> {
  const closing = new AbortController()
  const spool = await openSettleSpool({
    file,
    clock,
    logger,
    ledger: {
      async settle(input, options) {
        await breaker.whenUp(closing.signal)
        return await ledger.settle(input, options)
      },
      async void(input, options) {
        await breaker.whenUp(closing.signal)
        return await ledger.void(input, options)
      },
    },
  })
  return {
    keep: (unsettled) => spool.keep(unsettled),
    get pending() {
      return spool.pending
    },
    flush: (options) => spool.flush(options),
    async close() {
      const closed = spool.close() // first: what the abort interrupts stays in the file
      closing.abort(new CoreError('E_CLOSED', 'the core is closed'))
      await closed
    },
  }
}
