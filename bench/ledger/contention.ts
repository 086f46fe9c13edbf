import type { Database } from '@core/database'
import { createLedger } from '@core/ledger'
import { runCallers } from '../callers.ts'
import { type Contestant, measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { hotAccount, manyAccounts } from './accounts.ts'
import { reserve } from './coalesced-call.ts'
import type { ServerPlatform } from './platform.ts'

const LEDGERS = 4
const CALLERS = 1_000

/**
 * Several ledgers at once, each with connections of its own, as several processes have: on one account, and on accounts
 * that meet in the pool's budget, asked for in every order. What they do to each other shows in the deadlocks, too.
 */
export async function measureContention(platform: ServerPlatform, context: BenchContext): Promise<Row[]> {
  const databases = await Promise.all(Array.from({ length: LEDGERS }, () => platform.connect()))
  try {
    const everyAccount = [hotAccount, ...manyAccounts]
    const measured = await measure(
      [
        shared('one ledger', [platform.database], () => hotAccount),
        shared('one account', databases, () => hotAccount),
        shared('many accounts', databases, () => everyAccount[Math.floor(Math.random() * everyAccount.length)]),
      ],
      { ...context.measure, signal: context.signal },
    )
    return [
      toRow(
        `server: 1,000 callers of ${LEDGERS} ledgers, one account`,
        measured.perSecond('one account'),
        'per second',
      ),
      toRow(
        `server: ${LEDGERS} ledgers against one, same callers, one account`,
        measured.ratio('one account', 'one ledger').middle,
        'ratio',
      ),
      toRow(
        `server: 1,000 callers of ${LEDGERS} ledgers, five accounts`,
        measured.perSecond('many accounts'),
        'per second',
      ),
    ]
  } finally {
    await Promise.all(databases.map((database) => database.close()))
  }
}

function shared(name: string, databases: readonly Database[], pick: () => string | undefined): Contestant {
  const ledgers = databases.map((database) => createLedger({ database }))
  return {
    name,
    step: CALLERS,
    run: async (operations) => {
      const share = { callers: CALLERS / ledgers.length, operations: operations / ledgers.length }
      const latencies = ledgers.map((ledger) =>
        runCallers(share.callers, share.operations, () => reserve(ledger, pick())),
      )
      return (await Promise.all(latencies)).flat()
    },
  }
}
