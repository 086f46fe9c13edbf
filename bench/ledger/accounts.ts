import type { Database } from '@core/database'
import { requireOk } from './answer.ts'

/** Draws on the pool, so that its budget and the pool's both bind every reserve. */
export const hotAccount = 'smart_layer'
/** Purses of their own under one pool budget, for callers who meet only in its windows. */
export const manyAccounts = ['manus_origin/a', 'manus_origin/b', 'manus_origin/c', 'manus_origin/d'] as const

const PLENTY = 4_000_000_000_000_000
/** Denied for credits, and for the budget only. */
export const aboveCredits = 8_000_000_000_000_000
export const aboveBudget = 3_000_000_000_000_000
const LIMIT = 2_000_000_000_000_000

/** A pool, a hot account that draws on it, four accounts with purses of their own, daily budgets on all levels. */
export async function openAccounts(database: Database): Promise<void> {
  const open = async (account: string, kind: string, parent?: string, funding?: string) =>
    requireOk(
      await database.rpc('ledger_account_open', {
        p_key: `open ${account}`,
        p_account: account,
        p_kind: kind,
        p_parent: parent,
        p_funding: funding,
      }),
    )
  const grant = async (account: string) =>
    requireOk(await database.rpc('ledger_grant', { p_key: `grant ${account}`, p_account: account, p_amount: PLENTY }))
  const limit = async (account: string) =>
    requireOk(
      await database.rpc('ledger_budget_set', {
        p_key: `limit ${account}`,
        p_account: account,
        p_name: 'daily',
        p_period: 'day',
        p_limit: LIMIT,
      }),
    )
  await open('pool', 'pool')
  await grant('pool')
  await limit('pool')
  await open(hotAccount, 'project', 'pool', 'parent')
  await limit(hotAccount)
  await open('manus_origin', 'project', 'pool')
  for (const account of manyAccounts) {
    await open(account, 'user', 'manus_origin')
    await grant(account)
    await limit(account)
  }
}
