import type { Contestant } from '../measure.ts'
import { measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { aboveBudget, aboveCredits } from './accounts.ts'
import { resultsOf } from './answer.ts'
import { goals } from './goals.ts'
import { createInsertLimit } from './insert-limit.ts'
import { noiseRow } from './noise-row.ts'
import { MAX_BATCH, openHolds, reserveOperation, settleOperation, toBatches } from './operations.ts'
import type { Platform } from './platform.ts'

/** Of a quick run, in place of 1,000 operations. */
const QUICK_BATCH = 100

/** `ledger_batch` itself, one caller, beside plain INSERTs of what it writes. */
export async function measureBatches(platform: Platform, context: BenchContext, nextId: () => number): Promise<Row[]> {
  const { name: at, database } = platform
  const large = context.isQuick ? QUICK_BATCH : MAX_BATCH
  const measured = await measure(
    [
      await createInsertLimit('insert', database, nextId),
      reserveBatches(platform, 'reserve 1000', large),
      await createInsertLimit('control', database, nextId),
      reserveBatches(platform, 'reserve with denials', large, 10),
      settleBatches(platform, 'settle 1000', large),
      reserveBatches(platform, 'reserve 50', 50),
      settleBatches(platform, 'settle 50', 50),
    ],
    { ...context.measure, signal: context.signal },
  )
  return [
    toRow(`${at}: INSERT of the rows of 1,000 reserves`, measured.perSecond('insert'), 'reserves per second'),
    toRow(`${at}: ledger_batch of 1,000 reserves`, measured.perSecond('reserve 1000'), 'per second'),
    toRow(`${at}: ledger_batch of 1,000 settles`, measured.perSecond('settle 1000'), 'per second'),
    toRow(`${at}: ledger_batch of 50 reserves`, measured.perSecond('reserve 50'), 'per second'),
    toRow(`${at}: ledger_batch of 50 settles`, measured.perSecond('settle 50'), 'per second'),
    toRow(
      `${at}: ledger_batch of 1,000 reserves against INSERT`,
      measured.ratio('reserve 1000', 'insert').middle,
      'ratio',
      goals.againstInsert,
    ),
    toRow(
      `${at}: a batch with 10 % denials against one with none`,
      measured.ratio('reserve with denials', 'reserve 1000').middle,
      'ratio',
      goals.withDenials,
    ),
    noiseRow(`${at}: control, INSERT against itself`, measured.ratio('control', 'insert')),
  ]
}

/** One in `denyEvery` asks for more than the balance has, or than the budget leaves, in turn; 0 for none. */
function reserveBatches({ database }: Platform, name: string, size: number, denyEvery = 0): Contestant {
  let batches: ReturnType<typeof reserveOperation>[][] = []
  const denied = denyEvery > 0 ? Math.ceil(size / denyEvery) : 0
  return {
    name,
    step: size,
    async prepare(operations) {
      batches = toBatches(operations, size, (index) => {
        if (denyEvery === 0 || index % denyEvery > 0) return reserveOperation()
        return reserveOperation(undefined, index % (2 * denyEvery) > 0 ? aboveBudget : aboveCredits)
      })
    },
    async run() {
      for (const batch of batches) resultsOf(await database.rpc('ledger_batch_json', { p_ops: batch }), denied)
      return []
    },
  }
}

function settleBatches({ database }: Platform, name: string, size: number): Contestant {
  let batches: ReturnType<typeof settleOperation>[][] = []
  return {
    name,
    step: size,
    async prepare(operations) {
      const holds = await openHolds(database, operations)
      batches = toBatches(operations, size, (index) => settleOperation(holds[index] ?? ''))
    },
    async run() {
      for (const batch of batches) resultsOf(await database.rpc('ledger_batch_json', { p_ops: batch }))
      return []
    },
  }
}
