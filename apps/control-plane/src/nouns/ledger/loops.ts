import type { Loop } from '../../process/loop.ts'
import type { Kernel } from '../../process/noun.ts'
import { expireDueHolds } from './expiry.ts'
import { publishBalances } from './publishing.ts'
import { rebalanceSiblings } from './rebalancing.ts'
import { sealJournal } from './sealing.ts'

const expireEveryMs = 5000
const publishEveryMs = 300

/** The ledger's background work. No credit depends on it, and any number of processes may run it. */
export function ledgerLoops({ database, config, realtime }: Pick<Kernel, 'database' | 'config' | 'realtime'>): Loop[] {
  const { sealEverySeconds, rebalanceEverySeconds: everySeconds } = config.background
  const loops: Loop[] = [
    { name: 'expiry', everyMs: expireEveryMs, work: (signal) => expireDueHolds(database, signal) },
    { name: 'seal', everyMs: sealEverySeconds * 1000, work: (signal) => sealJournal(database, signal) },
    {
      name: 'rebalancing',
      everyMs: everySeconds * 500, // so that a run comes in each interval, whatever the pauses
      work: (signal) => rebalanceSiblings(database, { everySeconds, signal }),
    },
    {
      name: 'publish balances',
      everyMs: publishEveryMs,
      work: async (signal) => (realtime.subscriptions.has('ledger.balance') ? publishBalances(database, signal) : 0),
    },
  ]
  return loops.filter(({ everyMs }) => everyMs > 0) // 0 disables
}
