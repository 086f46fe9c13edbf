import type { Database } from '@core/database'
import { createLedger, type Ledger, microCredits } from '@core/ledger'
import { runCallers } from '../callers.ts'
import type { Contestant } from '../measure.ts'
import { hotAccount } from './accounts.ts'
import { HELD, openHolds, TTL_SECONDS, USED } from './operations.ts'

/** Concurrent `ledger.reserve()` calls on one account. */
export function coalescedReserve(name: string, database: Database, callers: number): Contestant {
  const ledger = createLedger({ database })
  return {
    name,
    step: callers,
    run: (operations) => runCallers(callers, operations, () => reserve(ledger)),
  }
}

/** Concurrent `ledger.settle()` calls, each of a hold of its own. */
export function coalescedSettle(name: string, database: Database, callers: number): Contestant {
  const ledger = createLedger({ database })
  let holds: string[] = []
  return {
    name,
    step: callers,
    async prepare(operations) {
      holds = await openHolds(database, operations)
    },
    run: (operations) =>
      runCallers(callers, operations, async (index) => {
        const outcome = await ledger.settle({ hold: holds[index] ?? '', amount: microCredits(USED) })
        if (outcome.status !== 'settled') throw new Error(`refused: ${outcome.status}`)
      }),
  }
}

export async function reserve(ledger: Ledger, account = hotAccount): Promise<void> {
  const outcome = await ledger.reserve({ account, amount: microCredits(HELD), ttlSeconds: TTL_SECONDS })
  if (outcome.status !== 'reserved') throw new Error(`refused: ${outcome.status}`)
}
