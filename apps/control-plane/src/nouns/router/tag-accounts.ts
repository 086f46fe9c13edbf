import { createHash } from 'node:crypto'
import { callable, ledgerAccountOpen, ledgerBudgetSet } from '@core/api/functions'
import type { Database, RpcOptions } from '@core/database'
import { type CallOptions, isCoreError, uuidv7 } from '@core/foundation'
import { type AccountDenial, type Ledger, microCredits } from '@core/ledger'
import type { EnsureTag, EnsureTagInput } from '@core/router'

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')

/** What an account's code cannot hold is named by its hash; neither meets the accounts of end users. */
export function codeOfTag(project: string, tag: string): string {
  return /^[A-Za-z0-9_.:@-]{1,100}$/.test(tag) ? `${project}/t:${tag}` : `${project}/th:${hashOf(tag)}`
}

/**
 * Makes sure that a tag has an account that draws on its project's, and a cap per period. Where the owner has set that
 * cap, the owner's stays.
 */
export function createTagEnsurer(
  database: Pick<Database, 'rpc'>,
  {
    project,
    ledger,
    claims,
  }: { readonly project: string; readonly ledger: Pick<Ledger, 'balance'>; readonly claims: RpcOptions['claims'] },
): EnsureTag {
  const open = callable(database, ledgerAccountOpen)
  const setBudget = callable(database, ledgerBudgetSet)

  async function openAccount(account: string, tag: string, options: CallOptions): Promise<AccountDenial | undefined> {
    const opened = await open(
      { key: `tag:${hashOf(tag)}`, account, kind: 'user', parent: project, funding: 'parent', metadata: { tag } },
      { ...options, claims },
    )
    return opened.ok ? undefined : { status: opened.code, account: opened.account }
  }

  return async ({ tag, limit, period }: EnsureTagInput, options = {}) => {
    const account = codeOfTag(project, tag)
    let found = await ledger.balance(account, options)
    if (found.status !== 'found') {
      const denied = await openAccount(account, tag, options)
      if (denied !== undefined) return denied
      found = await ledger.balance(account, options)
      if (found.status !== 'found') return found
    }
    if (found.accountStatus !== 'active') return { status: 'account_frozen', account }
    const known = found.budgets.find((one) => one.account === account && one.budget === period)
    if (known?.limit === limit) return { status: 'ensured', account }
    try {
      const budget = { account, budget: period, period, limit: microCredits(limit) }
      const set = await setBudget({ key: uuidv7(), ...budget }, { ...options, claims })
      if (!set.ok) return { status: set.code, account: set.account }
    } catch (error) {
      if (known === undefined || !isCoreError(error, 'E_FORBIDDEN')) throw error
    }
    return { status: 'ensured', account }
  }
}
