import { callable, ledgerExpireDue } from '@core/api/functions'
import type { Database } from '@core/database'

const perCall = 500

/**
 * Releases due holds. Correctness does not depend on it (every call expires the due holds of its accounts first); it
 * keeps the balances of idle accounts current. Safe to run from several processes.
 */
export async function expireDueHolds(database: Pick<Database, 'rpc'>, signal: AbortSignal): Promise<number> {
  const expireDue = callable(database, ledgerExpireDue)
  let total = 0
  while (!signal.aborted) {
    const { expired } = await expireDue({ limit: perCall }, { signal })
    total += expired
    if (expired < perCall) break
  }
  return total
}
