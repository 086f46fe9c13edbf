import { callable, ledgerSeal } from '@core/api/functions'
import type { Database } from '@core/database'

/**
 * Seals every journal row that is final. Safe to run from several processes: one seals, the others find nothing
 * left to do.
 * @returns how many rows this call sealed.
 */
export async function sealJournal(database: Pick<Database, 'rpc'>, signal: AbortSignal): Promise<number> {
  const seal = callable(database, ledgerSeal)
  let total = 0
  while (!signal.aborted) {
    const { sealed } = await seal({}, { signal })
    if (sealed === 0) break
    total += sealed
  }
  return total
}
