import type { Config } from '@core/config'
import type { Database } from '@core/database'
import type { Logger } from '@core/foundation'
import { type LoopReport, startLoop } from '../../process/loop.ts'
import { expireDueHolds } from './expiry.ts'
import { balanceSiblings } from './rebalancing.ts'
import { sealJournal } from './sealing.ts'

export interface LedgerLoopsDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly settings: Config['background']
  readonly logger: Logger
  readonly report?: LoopReport | undefined
}

const expireEveryMs = 5000

/** What the ledger has done for it in the background. No credit depends on it, and any number of processes may do it. */
export function startLedgerLoops({ database, settings, logger, report }: LedgerLoopsDependencies): AsyncDisposable {
  const loops = new AsyncDisposableStack()
  const start = (name: string, everyMs: number, work: (signal: AbortSignal) => Promise<number>) => {
    const tell = async (signal: AbortSignal) => {
      const done = await work(signal)
      if (done > 0) logger.debug({ loop: name, done }, 'background work done')
    }
    if (everyMs > 0) loops.use(startLoop({ name, everyMs, work: tell, logger, report }))
  }
  start('expiry', expireEveryMs, (signal) => expireDueHolds(database, signal))
  start('seal', settings.sealEverySeconds * 1000, (signal) => sealJournal(database, signal))
  const everySeconds = settings.balanceEverySeconds
  start('balancing', everySeconds * 1000, (signal) => balanceSiblings(database, { everySeconds, signal }))
  return loops
}
