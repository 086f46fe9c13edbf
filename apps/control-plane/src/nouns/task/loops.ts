import { callable, taskSweep } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Loop } from '../../process/loop.ts'

const sweepEveryMs = 5_000
const sweptAtOnce = 1_000

/** Takes tasks from dead workers where no worker asks, counts what is open, and deletes what ended seven days ago. */
export function taskLoops(database: Pick<Database, 'rpc'>): Loop[] {
  return [{ name: 'sweep tasks', everyMs: sweepEveryMs, work: (signal) => sweepTasks(database, signal) }]
}

async function sweepTasks(database: Pick<Database, 'rpc'>, signal: AbortSignal): Promise<number> {
  let total = 0
  while (!signal.aborted) {
    const { reaped, swept } = await callable(database, taskSweep)({ limit: sweptAtOnce }, { signal })
    total += reaped + swept
    if (swept < sweptAtOnce) break
  }
  return total
}
