import { callable, sessionSweep } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Loop } from '../../process/loop.ts'

const sweepEveryMs = 60_000
const sweptAtOnce = 1_000

/** Deletes sessions that ended long ago. Whether one is alive does not depend on it. */
export function sessionLoops(database: Pick<Database, 'rpc'>): Loop[] {
  return [{ name: 'sweep sessions', everyMs: sweepEveryMs, work: (signal) => sweepSessions(database, signal) }]
}

async function sweepSessions(database: Pick<Database, 'rpc'>, signal: AbortSignal): Promise<number> {
  let total = 0
  while (!signal.aborted) {
    const { swept } = await callable(database, sessionSweep)({ limit: sweptAtOnce }, { signal })
    total += swept
    if (swept < sweptAtOnce) break
  }
  return total
}
