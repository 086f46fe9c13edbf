import { type Row, toRow } from '../row.ts'
import { median } from '../statistics.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'
import type { Gateways } from './open-gateways.ts'

const batchRows = 500
const dayMs = 86_400_000

/** How fast old rows of calls go, beside how fast new ones come, in a log that keeps others. */
export async function measureLog({ database, project }: Gateways, context: BenchContext): Promise<Row[]> {
  const { isQuick, measure, progress } = context
  const swept = isQuick ? batchRows : 10_000
  const kept = isQuick ? batchRows : 200_000
  let rows = 0
  async function write(count: number, at: Date): Promise<void> {
    for (let left = count; left > 0; left -= batchRows) {
      const p_calls = Array.from({ length: batchRows }, () => ({
        project,
        call: `req_${++rows}`,
        at: at.toISOString(),
        subject: 'key:bench',
        account: project,
        operation: 'chat',
        route: 'fast',
        target: 'bench/plain',
        model: 'plain',
        tags: ['bench'],
        status: 200,
        usage: { input: 212, output: 340, requests: 1 },
        charged: 733,
        flags: [],
        attempts: 1,
        total_ms: 900,
      }))
      await database.rpc('router_calls_put', { p_calls })
    }
  }
  await write(kept, new Date())
  const times: { readonly written: number; readonly gone: number }[] = []
  for (let round = 0; round < measure.rounds; round++) {
    progress(`log: ${round + 1}/${measure.rounds}`)
    const startedAt = performance.now()
    await write(swept, new Date(Date.now() - 2 * dayMs))
    const writtenAt = performance.now()
    const { removed } = Object(await database.rpc('router_sweep', { p_limit: swept, p_days: 1 }))
    if (removed !== swept) throw new Error(`${removed} rows of calls were swept`)
    times.push({ written: writtenAt - startedAt, gone: performance.now() - writtenAt })
  }
  const perSecond = (ms: number) => (swept / ms) * 1_000
  const inAll = `in a log of ${kept.toLocaleString('en')}`
  return [
    toRow(`rows of calls written, ${batchRows} at a time`, perSecond(median(times.map((t) => t.written))), 'rows/s'),
    toRow(`rows of calls swept ${inAll}`, perSecond(median(times.map((t) => t.gone))), 'rows/s'),
    toRow(
      'sweeping rows of calls against writing them',
      median(times.map((t) => t.written / t.gone)),
      'x',
      goals.sweep,
    ),
  ]
}
