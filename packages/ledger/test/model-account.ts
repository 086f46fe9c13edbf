import type { Books, Run } from './model-books.ts'
import { capOf } from './model-budget.ts'
import { type Account, Refusal, type State } from './model-state.ts'

/** Accounts: open, update, grant, and what binds them. */
export function accountOperations(state: State, books: Books): Record<string, Run> {
  const {
    available,
    projectOf,
    isFrozen,
    windowsOf,
    replay,
    accept,
    deny,
    raise,
    recount,
    viewAccount,
    onAccount,
    now,
  } = books
  const { accounts, holds, budgets } = state

  /** The nearest account that a code names before its own last segment. */
  function nearest(code: string): Account | null {
    const end = code.lastIndexOf('/')
    return end < 0 ? null : (accounts.get(code.slice(0, end)) ?? nearest(code.slice(0, end)))
  }

  return {
    account_open(operation) {
      const { account: code, kind = 'project', funding = 'own', overdraft = 0, parent: named = null } = operation
      const { debt_limit: debtLimit = 0, over_bp: overBasisPoints = 10_000 } = operation
      const name = String(code)
      const parent = named === null ? nearest(name) : accounts.get(String(named))
      if (parent === undefined) return deny('account_not_found', String(named))
      const replayed = replay(projectOf(name), operation)
      if (replayed) return replayed
      if (!accounts.has(name) && [...accounts.keys()].some((other) => other.startsWith(`${name}/`)))
        throw new Refusal('account_below_exists')
      if (funding === 'parent' && !parent) throw new Refusal('invalid_funding')
      if (parent && parent.path.length >= 4) throw new Refusal('too_deep')
      if (funding === 'parent' && (Number(overdraft) > 0 || Number(debtLimit) > 0)) throw new Refusal('invalid_funding')
      if (parent && parent.status !== 'active') return deny('account_frozen', parent.code, parent.purse)
      if (accounts.has(name)) throw new Refusal('account_exists')
      const account: Account = {
        code: name,
        project: projectOf(name),
        kind: String(kind),
        parent,
        status: 'active',
        in: 0,
        out: 0,
        held: 0,
        overdraft: Number(overdraft),
        debtLimit: Number(debtLimit),
        overBasisPoints: Number(overBasisPoints),
        // Circular: an account may be its own purse, root and the first of its path.
        purse: parent as Account,
        path: [],
        root: parent as Account,
      }
      if (funding === 'own') account.purse = account
      else if (parent) account.purse = parent.purse
      account.root = parent?.root ?? account
      account.path = [account, ...(parent?.path ?? [])]
      accounts.set(name, account)
      return accept(operation, account.project, account.purse, [], viewAccount(account))
    },

    account_update: onAccount(false, (account, operation) => {
      const {
        status = null,
        overdraft = null,
        debt_limit: debtLimit = null,
        over_bp: overBasisPoints = null,
      } = operation
      const isUsed = [...holds.values()].some(
        (hold) => hold.status === 'open' && (hold.account === account || hold.account.purse === account),
      )
      if (account.status === 'closed' && status !== 'active') throw new Refusal('account_closed')
      const children = [...accounts.values()].filter(
        ({ parent, status: state }) => parent === account && state !== 'closed',
      )
      if (status === 'closed' && (account.in !== account.out || isUsed)) throw new Refusal('account_not_empty')
      if (status === 'closed' && children.length > 0) throw new Refusal('account_has_children')
      if ((Number(overdraft) > 0 || Number(debtLimit) > 0) && account.purse !== account)
        throw new Refusal('invalid_funding')
      const cut = overdraft === null ? 0 : account.overdraft - Number(overdraft)
      if (cut > 0 && available(account) < cut) throw new Refusal('overdraft_in_use')
      if (debtLimit !== null && Number(debtLimit) < cut - available(account)) throw new Refusal('debt_in_use')
      if (overdraft !== null) account.overdraft = Number(overdraft)
      if (debtLimit !== null) account.debtLimit = Number(debtLimit)
      if (overBasisPoints !== null) account.overBasisPoints = Number(overBasisPoints)
      if (status !== null) account.status = String(status)
      return accept(operation, account.project, account.purse, [], viewAccount(account))
    }),

    grant: onAccount(false, (account, operation) => {
      if (isFrozen(account)) return deny('account_frozen', account.code, account.purse)
      const amount = Number(operation['amount'])
      account.purse.in += amount
      return accept(operation, account.project, account.purse, [], { account: account.code, amount })
    }),

    budget_set: onAccount(true, (account, operation) => {
      const {
        name,
        period,
        limit,
        tz: zone = 'UTC',
        carry_cap: carryCap = 0,
        floor = 0,
        alert_bp: bp = [8_000, 10_000],
      } = operation
      const known = budgets.find((budget) => budget.account === account && budget.name === name && !budget.removed)
      if (known && limit !== null && (known.period !== period || known.zone !== zone)) {
        throw new Refusal('budget_period_fixed')
      }
      const terms = {
        carryCap: Number(carryCap),
        floor: Number(floor),
        alerts: Array.isArray(bp) ? bp.map(Number) : [],
      }
      const [removed] = budgets
        .filter((budget) => budget.account === account && budget.name === name && budget.removed)
        .sort((one, other) => other.removedAt - one.removedAt || budgets.indexOf(other) - budgets.indexOf(one))
      const isBack = removed?.period === period && removed?.zone === zone
      const before = known && { limit: known.limit, alerts: known.alerts }
      const set = { limit: Number(limit), ...terms }
      if (limit === null) {
        if (known) Object.assign(known, { removed: true, removedAt: now() })
      } else if (known) Object.assign(known, set)
      else if (removed && isBack) {
        // The same one again, with its windows.
        for (const window of removed.windows.values()) {
          if (window.end !== null && window.end <= now()) window.limit ??= removed.limit
        }
        Object.assign(removed, { ...set, removed: false, createdAt: now() })
      } else {
        const fixed = { account, name: String(name), period: String(period), zone: String(zone) }
        budgets.push({ ...fixed, ...set, createdAt: now(), removed: false, removedAt: 0, windows: new Map() })
      }
      const windows = windowsOf(account)
      const window = windows.find(({ budget }) => budget.account === account && budget.name === name)
      if (window && !known && removed) {
        recount(window, account, Math.max(window.start ?? Number.NEGATIVE_INFINITY, isBack ? removed.removedAt : 0))
      }
      if (window) {
        const capBefore = before ? capOf(window) - window.budget.limit + before.limit : 0
        raise(window, (bp) => !before?.alerts.includes(bp) || window.spent * 10_000 < capBefore * bp)
      }
      return accept(operation, account.project, account.purse, windows, { account: account.code, budget: name, limit })
    }),
  }
}
