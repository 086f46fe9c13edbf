import { uuidv7 } from '@core/foundation'
import { createLedger, microCredits } from '@core/ledger'
import { runCallers } from '../callers.ts'
import { type Contestant, measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { hotAccount } from './accounts.ts'
import { requireOk } from './answer.ts'
import { createBareFunctions } from './bare-function.ts'
import { goals } from './goals.ts'
import { noiseRow } from './noise-row.ts'
import { HELD, openHolds, TTL_SECONDS, USED } from './operations.ts'
import type { Platform } from './platform.ts'

/** One caller, one call at a time: each function beside one that only writes its rows. */
export async function measureSingleCalls(platform: Platform, context: BenchContext): Promise<Row[]> {
  const { name: at, database } = platform
  const bare = await createBareFunctions(database)
  await using ledger = createLedger({ database })
  const lone: Contestant = {
    name: 'lone',
    run: (operations) =>
      runCallers(1, operations, async () => {
        const outcome = await ledger.reserve({
          account: hotAccount,
          amount: microCredits(HELD),
          ttlSeconds: TTL_SECONDS,
        })
        if (outcome.status !== 'reserved') throw new Error(`refused: ${outcome.status}`)
      }),
  }
  const measured = await measure(
    [
      bare.reserve('bare reserve'),
      reserveByCall(platform),
      bare.reserve('control'),
      lone,
      bare.settle('bare settle'),
      settleByCall(platform),
      bare.charge('bare charge'),
      chargeByCall(platform),
    ],
    { ...context.measure, signal: context.signal },
  )
  const rows = ['reserve', 'settle', 'charge'].flatMap((op) => [
    toRow(`${at}: bare function for one ${op}`, measured.perSecond(`bare ${op}`), 'per second'),
    toRow(`${at}: ledger_${op}, one caller`, measured.perSecond(op), 'per second'),
    toRow(`${at}: ledger_${op}, p50`, measured.latencyMs(op, 0.5), 'ms'),
    toRow(`${at}: ledger_${op}, p99`, measured.latencyMs(op, 0.99), 'ms'),
    toRow(
      `${at}: ledger_${op} against the bare function`,
      measured.ratio(op, `bare ${op}`).middle,
      'ratio',
      goals.againstBare,
    ),
  ])
  return [
    ...rows,
    toRow(`${at}: lone ledger.reserve(), p50`, measured.latencyMs('lone', 0.5), 'ms'),
    toRow(`${at}: lone ledger.reserve(), p99`, measured.latencyMs('lone', 0.99), 'ms'),
    toRow(`${at}: lone ledger.reserve(), p99 / p50`, measured.tail('lone', 0.99, 0.5), 'ratio', goals.loneTail),
    toRow(`${at}: bare function, p99 / p50`, measured.tail('bare reserve', 0.99, 0.5), 'ratio'),
    noiseRow(`${at}: control, bare function against itself`, measured.ratio('control', 'bare reserve')),
  ]
}

function reserveByCall({ database }: Platform): Contestant {
  return {
    name: 'reserve',
    run: (operations) =>
      runCallers(1, operations, async () => {
        const call = { p_key: uuidv7(), p_account: hotAccount, p_amount: HELD, p_ttl_s: TTL_SECONDS }
        requireOk(await database.rpc('ledger_reserve', call))
      }),
  }
}

function settleByCall({ database }: Platform): Contestant {
  let holds: string[] = []
  return {
    name: 'settle',
    async prepare(operations) {
      holds = await openHolds(database, operations)
    },
    run: (operations) =>
      runCallers(1, operations, async (index) => {
        requireOk(await database.rpc('ledger_settle', { p_key: uuidv7(), p_hold: holds[index] ?? '', p_amount: USED }))
      }),
  }
}

function chargeByCall({ database }: Platform): Contestant {
  return {
    name: 'charge',
    run: (operations) =>
      runCallers(1, operations, async () => {
        requireOk(await database.rpc('ledger_charge', { p_key: uuidv7(), p_account: hotAccount, p_amount: USED }))
      }),
  }
}
