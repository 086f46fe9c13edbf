import type { Database } from '@core/database'
import { z } from 'zod'

const perCall = 500
const expirySchema = z.object({ expired: z.int() })

/**
 * Releases due holds. Correctness does not depend on it (every call expires the due holds of its accounts first); it
 * keeps the balances of idle accounts current. Safe to run from several processes.
 */
export async function expireDueHolds(database: Pick<Database, 'rpc'>, signal: AbortSignal): Promise<number> {
  let total = 0
  while (!signal.aborted) {
    const { expired } = expirySchema.parse(await database.rpc('ledger_expire_due', { p_limit: perCall }, { signal }))
    total += expired
    if (expired < perCall) break
  }
  return total
}
