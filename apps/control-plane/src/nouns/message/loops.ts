import { callable, messageSweep } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Logger } from '@core/foundation'
import type { Loop } from '../../process/loop.ts'
import { createAlertSender } from './send-alerts.ts'

const sweepEveryMs = 5_000
const alertEveryMs = 2_000
const sweptAtOnce = 1_000

/** Takes messages from dead processes where no other receives, ends what has expired, and forgets what ended seven days ago. */
export function messageLoops(database: Pick<Database, 'rpc'>, logger: Logger): Loop[] {
  return [
    { name: 'sweep messages', everyMs: sweepEveryMs, work: (signal) => sweepMessages(database, signal) },
    { name: 'send alerts', everyMs: alertEveryMs, work: createAlertSender(database, logger) },
  ]
}

async function sweepMessages(database: Pick<Database, 'rpc'>, signal: AbortSignal): Promise<number> {
  let total = 0
  while (!signal.aborted) {
    const { refreshed, swept } = await callable(database, messageSweep)({ limit: sweptAtOnce }, { signal })
    total += refreshed + swept
    if (refreshed < sweptAtOnce && swept < sweptAtOnce) break
  }
  return total
}
