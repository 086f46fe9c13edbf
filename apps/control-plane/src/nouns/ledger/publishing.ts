import type { Database } from '@core/database'
import { z } from 'zod'

const publishSchema = z.object({ more: z.boolean() })

/**
 * Writes the balances that have changed since the last call to the outbox. Nothing is missed while no process calls it.
 * @returns how many calls it took.
 */
export async function publishBalances(database: Pick<Database, 'rpc'>, signal?: AbortSignal): Promise<number> {
  let calls = 0
  while (!signal?.aborted) {
    const { more } = publishSchema.parse(await database.rpc('ledger_publish', {}, { signal }))
    calls++
    if (!more) break
  }
  return calls
}
