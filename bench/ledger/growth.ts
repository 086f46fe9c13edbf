import type { Database } from '@core/database'
import { type Contestant, measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { resultsOf } from './answer.ts'
import { coalescedReserve, coalescedSettle } from './coalesced-call.ts'
import { goals } from './goals.ts'
import { MAX_BATCH, openHolds, settleOperation, toBatches } from './operations.ts'
import { runOn, type ServerDatabase, type ServerPlatform } from './platform.ts'

const CALLERS = 1_000

/** The same calls on a ledger with a long journal and on one that has just been made. */
export async function measureGrowth(platform: ServerPlatform, context: BenchContext): Promise<Row[]> {
  await using grown = await platform.openFresh()
  const lengths = context.isQuick ? [4_000] : [1_000_000, ...(context.isFull ? [10_000_000] : [])]
  const rows: Row[] = []
  let filled = 0
  for (const length of lengths) {
    await fill(grown.database, filled, length, context)
    filled = length
    await runOn(grown.url, 'vacuum (analyze)') // or autovacuum would start in the middle of a sample
    await runOn(grown.url, 'checkpoint')
    rows.push(...(await compare(platform, grown, length, context)))
  }
  return rows
}

async function compare(
  platform: ServerPlatform,
  grown: ServerDatabase,
  length: number,
  context: BenchContext,
): Promise<Row[]> {
  const emptyReserve = onFresh(platform, 'empty reserve', coalescedReserve)
  const emptySettle = onFresh(platform, 'empty settle', coalescedSettle)
  try {
    const measured = await measure(
      [
        coalescedReserve('grown reserve', grown.database, CALLERS),
        emptyReserve,
        coalescedSettle('grown settle', grown.database, CALLERS),
        emptySettle,
      ],
      { ...context.measure, signal: context.signal },
    )
    const after = `${length.toLocaleString('en')} journal rows`
    return (['reserve', 'settle'] as const).flatMap((op) => [
      toRow(`server: ledger.${op}() after ${after}`, measured.perSecond(`grown ${op}`), 'per second'),
      toRow(
        `server: ledger.${op}() after ${after} against an empty journal`,
        measured.ratio(`grown ${op}`, `empty ${op}`).middle,
        'ratio',
        goals.grown,
      ),
    ])
  } finally {
    await emptyReserve[Symbol.asyncDispose]()
    await emptySettle[Symbol.asyncDispose]()
  }
}

/** Each sample on a database of its own, warm but with next to nothing in it. */
function onFresh(
  platform: ServerPlatform,
  name: string,
  create: (name: string, database: Database, callers: number) => Contestant,
): Contestant & AsyncDisposable {
  let fresh: ServerDatabase | undefined
  let inner: Contestant | undefined
  return {
    name,
    step: CALLERS,
    async prepare(operations) {
      await fresh?.[Symbol.asyncDispose]()
      fresh = await platform.openFresh()
      inner = create(name, fresh.database, CALLERS)
      await inner.prepare?.(CALLERS)
      await inner.run(CALLERS)
      await inner.prepare?.(operations)
    },
    async run(operations) {
      return (await inner?.run(operations)) ?? []
    },
    async [Symbol.asyncDispose]() {
      await fresh?.[Symbol.asyncDispose]()
    },
  }
}

/** Half of the rows are reserves, half their settles, written by the ledger itself. */
async function fill(database: Database, from: number, to: number, context: BenchContext): Promise<void> {
  for (let length = from; length < to; length += 2 * MAX_BATCH) {
    context.signal.throwIfAborted()
    const holds = await openHolds(database, MAX_BATCH)
    const [batch = []] = toBatches(MAX_BATCH, MAX_BATCH, (index) => settleOperation(holds[index] ?? ''))
    resultsOf(await database.rpc('ledger_batch_json', { p_ops: batch }))
    if (length % 100_000 === 0) context.progress(`filling the journal: ${length.toLocaleString('en')} rows`)
  }
}
