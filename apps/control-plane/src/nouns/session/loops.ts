import { callable, sessionSweep } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Loop } from '../../process/loop.ts'
import { untilNoneLeft } from '../../process/until-none-left.ts'

const sweepEveryMs = 60_000
const sweptAtOnce = 1_000

/** Deletes sessions that ended long ago. Whether one is alive does not depend on it. */
export function sessionLoops(database: Pick<Database, 'rpc'>): Loop[] {
  return [{ name: 'sweep sessions', everyMs: sweepEveryMs, work: (signal) => sweepSessions(database, signal) }]
}

function sweepSessions(database: Pick<Database, 'rpc'>, signal: AbortSignal): Promise<number> {
  const sweep = callable(database, sessionSweep)
  return untilNoneLeft(sweptAtOnce, signal, async () => (await sweep({ limit: sweptAtOnce }, { signal })).swept)
}
