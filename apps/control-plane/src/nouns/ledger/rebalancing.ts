import { createHash } from 'node:crypto'
import type { Database } from '@core/database'
import { z } from 'zod'

const dueSchema = z.object({
  at: z.iso.datetime({ offset: true }),
  due: z.array(z.object({ parent: z.string(), budget: z.string() })),
})
const outcomeSchema = z.object({ ok: z.literal(true), replayed: z.boolean(), moves: z.array(z.unknown()) })

export interface RebalancingOptions {
  /** The interval: each budget of a pool is rebalanced at most once in it, however many control planes run. */
  readonly everySeconds: number
  readonly signal: AbortSignal
}

/**
 * Moves unused cap between the children of pools, where one has used 80 % of its own and a sibling has some left.
 * The key names parent, budget and interval, by the database's clock: of several control planes the first moves, and
 * the others replay its answer.
 * @returns how many budgets this call rebalanced.
 */
export async function rebalanceSiblings(
  database: Pick<Database, 'rpc'>,
  { everySeconds, signal }: RebalancingOptions,
): Promise<number> {
  const { at, due } = dueSchema.parse(await database.rpc('ledger_rebalance_due', {}, { signal }))
  const interval = Math.floor(Date.parse(at) / 1000 / everySeconds) * everySeconds
  let rebalanced = 0
  for (const { parent, budget } of due) {
    const p_key = `balance:${nameOf(parent, budget)}:${interval}`
    const answer = await database.rpc('ledger_rebalance', { p_key, p_parent: parent, p_budget: budget }, { signal })
    const outcome = outcomeSchema.safeParse(answer)
    if (outcome.success && !outcome.data.replayed && outcome.data.moves.length > 0) rebalanced++
  }
  return rebalanced
}

/** Codes and names together can be longer than a key. */
function nameOf(parent: string, budget: string): string {
  return createHash('sha256')
    .update(JSON.stringify([parent, budget]))
    .digest('hex')
}
