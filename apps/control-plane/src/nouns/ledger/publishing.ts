import { callable, ledgerPublish } from '@core/api/functions'
import type { Database } from '@core/database'

/**
 * Writes the balances that have changed since the last call to the outbox. Nothing is missed while no process calls it.
 * @returns how many calls it took.
 */
export async function publishBalances(database: Pick<Database, 'rpc'>, signal?: AbortSignal): Promise<number> {
  const publish = callable(database, ledgerPublish)
  let calls = 0
  while (!signal?.aborted) {
    const { more } = await publish({}, { signal })
    calls++
    if (!more) break
  }
  return calls
}
