import type { Database } from '@core/database'
import { uuidv7 } from '@core/foundation'
import { hotAccount } from './accounts.ts'
import { resultsOf, textOf } from './answer.ts'

/** Micro-credits of every reserve, and what a settle or charge takes. */
export const HELD = 1_000
export const USED = 900
/** Long: an expiry in the middle of a run would be measured with it. */
export const TTL_SECONDS = 86_400
/** Operations of one batch at most. */
export const MAX_BATCH = 1_000

type Operation = Readonly<Record<string, string | number>>

export function reserveOperation(account = hotAccount, amount = HELD): Operation {
  return { op: 'reserve', key: uuidv7(), account, amount, ttl_s: TTL_SECONDS }
}

export function settleOperation(hold: string): Operation {
  return { op: 'settle', key: uuidv7(), hold, amount: USED }
}

/** Cuts a number of operations into batches. */
export function toBatches<Item>(count: number, size: number, make: (index: number) => Item): Item[][] {
  return Array.from({ length: Math.ceil(count / size) }, (_, batch) =>
    Array.from({ length: Math.min(size, count - batch * size) }, (_, index) => make(batch * size + index)),
  )
}

/** Opens that many holds and returns their ids. */
export async function openHolds(database: Database, count: number): Promise<string[]> {
  const holds: string[] = []
  for (const batch of toBatches(count, MAX_BATCH, () => reserveOperation())) {
    const answer = await database.rpc('ledger_batch_json', { p_ops: batch })
    holds.push(...resultsOf(answer).map((result) => textOf(result, 'hold')))
  }
  return holds
}
