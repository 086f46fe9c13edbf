import { measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { coalescedReserve } from './coalesced-call.ts'
import { naiveReserve } from './naive-ledger.ts'
import type { ServerPlatform } from './platform.ts'

/** As many callers on one hot account, once through the ledger and once through a naive one. */
export async function measureBesideNaive(platform: ServerPlatform, context: BenchContext): Promise<Row[]> {
  await using naiveOne = naiveReserve('naive 1', platform.url, 1)
  await using naiveMany = naiveReserve('naive 32', platform.url, 32)
  const measured = await measure(
    [
      naiveOne,
      coalescedReserve('ours 1', platform.database, 1),
      naiveMany,
      coalescedReserve('ours 32', platform.database, 32),
    ],
    { ...context.measure, signal: context.signal },
  )
  return [1, 32].flatMap((callers) => {
    const by = callers === 1 ? '1 caller' : `${callers} callers`
    return [
      toRow(`server: naive ledger, ${by}`, measured.perSecond(`naive ${callers}`), 'reserves per second'),
      toRow(`server: ledger.reserve(), ${by}`, measured.perSecond(`ours ${callers}`), 'per second'),
      toRow(
        `server: ledger.reserve() against the naive ledger, ${by}`,
        measured.ratio(`ours ${callers}`, `naive ${callers}`).middle,
        'ratio',
      ),
    ]
  })
}
