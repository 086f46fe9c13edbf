import { createHash } from 'node:crypto'
import { callable, ledgerRebalance, ledgerRebalanceDue } from '@core/api/functions'
import type { Database } from '@core/database'
import { isCoreError } from '@core/foundation'

export interface RebalancingOptions {
  /** The interval: each budget of a pool is rebalanced at most once in it, however many control planes run. */
  readonly everySeconds: number
  readonly signal: AbortSignal
}

/**
 * Moves unused cap between the children of pools, where one has used 80 % of its own and a sibling has some left.
 * The key names parent, budget and interval (its start by the database's clock, and its length): of several control
 * planes the first moves, and the others replay its answer. A changed setting begins an interval of its own.
 * @returns how many budgets this call rebalanced.
 */
export async function rebalanceSiblings(
  database: Pick<Database, 'rpc'>,
  { everySeconds, signal }: RebalancingOptions,
): Promise<number> {
  const { at, due } = await callable(database, ledgerRebalanceDue)({}, { signal })
  const interval = Math.floor(Date.parse(at) / 1000 / everySeconds) * everySeconds
  // A process that was held up in between must not act in an interval that another one has balanced by then.
  const until = new Date((interval + everySeconds) * 1000).toISOString()
  const rebalance = callable(database, ledgerRebalance)
  let rebalanced = 0
  const failures: unknown[] = []
  for (const { parent, budget } of due) {
    const key = `balance:${nameOf(parent, budget)}:${interval}+${everySeconds}`
    const answer = await rebalance({ key, parent, budget, until }, { signal }).catch((error: unknown) => {
      if (isCoreError(error, 'E_CONFLICT') && error.details?.['reason'] === 'interval_over') return undefined
      // Those of other parents are not to wait for it.
      return { error }
    })
    if (answer === undefined) break
    if ('error' in answer) {
      failures.push(answer.error)
      continue
    }
    if (answer.ok && 'replayed' in answer && !answer.replayed && answer.moves.length > 0) rebalanced++
  }
  if (failures.length > 0) throw failures[0]
  return rebalanced
}

/** Codes and names together can be longer than a key. */
function nameOf(parent: string, budget: string): string {
  return createHash('sha256')
    .update(JSON.stringify([parent, budget]))
    .digest('hex')
}
