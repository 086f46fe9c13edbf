import type { Loop } from '../../process/loop.ts'
import type { Kernel } from '../../process/noun.ts'
import { expireDueHolds } from './expiry.ts'
import { publishBalances } from './publishing.ts'
import { rebalanceSiblings } from './rebalancing.ts'
import { sealJournal } from './sealing.ts'

const expireEveryMs = 5000
const publishEveryMs = 300
/** Where no client listens: webhooks may, and the first client that does is not to wait until weeks of the journal are read. */
const publishIdleEveryMs = 5000

type Dependencies = Pick<Kernel, 'database' | 'config' | 'realtime' | 'clock'>

/** The ledger's background work. No credit depends on it, and any number of processes may run it. */
export function ledgerLoops({ database, config, realtime, clock }: Dependencies): Loop[] {
  const { sealEverySeconds, rebalanceEverySeconds: everySeconds } = config.background
  const loops: Loop[] = [
    { name: 'expiry', everyMs: expireEveryMs, work: (signal) => expireDueHolds(database, signal) },
    { name: 'seal', everyMs: sealEverySeconds * 1000, work: (signal) => sealJournal(database, signal) },
    {
      name: 'rebalancing',
      everyMs: everySeconds * 500, // so that a run comes in each interval, whatever the pauses
      work: (signal) => rebalanceSiblings(database, { everySeconds, signal }),
    },
    publishLoop({ database, realtime, clock }),
  ]
  return loops.filter(({ everyMs }) => everyMs > 0) // 0 disables
}

function publishLoop({ database, realtime, clock }: Omit<Dependencies, 'config'>): Loop {
  let idleUntil = Number.NEGATIVE_INFINITY
  return {
    name: 'publish balances',
    everyMs: publishEveryMs,
    async work(signal) {
      if (clock.monotonic() < idleUntil && !realtime.subscriptions.has('ledger.balance')) return 0
      idleUntil = clock.monotonic() + publishIdleEveryMs
      return await publishBalances(database, signal)
    },
  }
}
