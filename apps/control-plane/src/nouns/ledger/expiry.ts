import { callable, ledgerExpireDue } from '@core/api/functions'
import type { Database } from '@core/database'
import { untilNoneLeft } from '../../process/until-none-left.ts'

const perCall = 500

/**
 * Releases due holds. Correctness does not depend on it (every call expires the due holds of its accounts first); it
 * keeps the balances of idle accounts current. Safe to run from several processes.
 */
export function expireDueHolds(database: Pick<Database, 'rpc'>, signal: AbortSignal): Promise<number> {
  const expireDue = callable(database, ledgerExpireDue)
  return untilNoneLeft(perCall, signal, async () => (await expireDue({ limit: perCall }, { signal })).expired)
}
