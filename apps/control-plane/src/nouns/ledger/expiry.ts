import type { Database } from '@core/database'
import { z } from 'zod'

const perCall = 500
const expirySchema = z.object({ expired: z.int() })

/**
 * Gives back what due holds have set aside. Correctness does not wait for it (every call at the gate expires what it
 * meets); it keeps balances fresh that nobody touches. Safe to run from several processes.
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
