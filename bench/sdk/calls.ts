import { openDatabase } from '@core/database'
import { measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { callBarely } from './bare-call.ts'
import { goals } from './goals.ts'
import { type ProjectOfPlane, project } from './open-project.ts'

/** The driver of a URL and a key beside a bare fetch of the same, one call after the other: a read, which waits for no disk. */
export async function measureDriver({ plane, key, rpcUrl }: ProjectOfPlane, context: BenchContext): Promise<Row[]> {
  await using database = await openDatabase({ driver: 'http', url: plane.url, key })
  const args = { p_account: project }
  const url = rpcUrl('ledger_balance')
  const contestants = {
    'bare fetch': () => callBarely(url, key, args),
    driver: async () => Object(await database.rpc('ledger_balance', args)),
    'bare fetch again': () => callBarely(url, key, args),
  }
  const measured = await measure(
    Object.entries(contestants).map(([name, call]) => ({
      name,
      async run(operations) {
        const times: number[] = []
        for (let at = 0; at < operations; at++) {
          const begun = performance.now()
          if ((await call()).ok !== true) throw new Error(`${name}: the balance was refused`)
          times.push(performance.now() - begun)
        }
        return times
      },
    })),
    { ...context.measure, signal: context.signal },
  )
  const slowness = (name: string) => measured.ratio('bare fetch', name).middle
  return [
    toRow('a balance by a bare fetch', measured.latencyMs('bare fetch', 0.5), 'ms'),
    toRow('a balance by the driver', measured.latencyMs('driver', 0.5), 'ms'),
    toRow('the driver against a bare fetch', slowness('driver'), 'x the time', goals.call),
    toRow('control: a bare fetch against itself', slowness('bare fetch again'), 'x the time'),
  ]
}
