import { measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { coalescedReserve, coalescedSettle } from './coalesced-call.ts'
import { goals } from './goals.ts'
import { createInsertLimit } from './insert-limit.ts'
import type { Platform } from './platform.ts'

const CALLERS = 1_000

/** What an application sees: 1,000 concurrent calls of `@core/ledger` in one process on one hot account. */
export async function measureCoalesced(
  platform: Platform,
  context: BenchContext,
  nextId: () => number,
): Promise<Row[]> {
  const { name: at, database } = platform
  const measured = await measure(
    [
      await createInsertLimit('insert of reserve', database, nextId),
      await createInsertLimit('insert of settle', database, nextId, 'settle'),
      coalescedReserve('reserve', database, CALLERS),
      coalescedSettle('settle', database, CALLERS),
    ],
    { ...context.measure, signal: context.signal },
  )
  return [
    ...(['reserve', 'settle'] as const).flatMap((op) => [
      toRow(`${at}: ledger.${op}(), 1,000 callers`, measured.perSecond(op), 'per second', goals.coalesced[at]),
      toRow(`${at}: ledger.${op}(), 1,000 callers, p50`, measured.latencyMs(op, 0.5), 'ms'),
      toRow(`${at}: ledger.${op}(), 1,000 callers, p99`, measured.latencyMs(op, 0.99), 'ms'),
    ]),
    toRow(`${at}: INSERT of the rows of 1,000 settles`, measured.perSecond('insert of settle'), 'settles per second'),
    ...(['reserve', 'settle'] as const).map((op) =>
      toRow(
        `${at}: ledger.${op}(), 1,000 callers, against INSERT`,
        measured.ratio(op, `insert of ${op}`).middle,
        'ratio',
        goals.againstInsert,
      ),
    ),
  ]
}
