import type { Database } from '@core/database'
import { z } from 'zod'

const sealSchema = z.object({ sealed: z.int() })

/**
 * Seals every journal row that is final. Safe to run from several processes: one seals, the others find nothing
 * left to do.
 * @returns how many rows this call sealed.
 */
export async function sealJournal(database: Pick<Database, 'rpc'>, signal: AbortSignal): Promise<number> {
  let total = 0
  while (!signal.aborted) {
    const { sealed } = sealSchema.parse(await database.rpc('ledger_seal', {}, { signal }))
    if (sealed === 0) break
    total += sealed
  }
  return total
}
