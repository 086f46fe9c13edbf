import { accountOperations } from './model-account.ts'
import { createBooks, type Ids, type Run } from './model-books.ts'
import { viewWindows } from './model-budget.ts'
import { chargeOperations } from './model-charge.ts'
import { holdOperations } from './model-hold.ts'
import { leaseOperations, viewLease } from './model-lease.ts'
import { rebalanceOperations } from './model-rebalance.ts'
import { type Answer, emptyState, type Operation, Refusal, type State } from './model-state.ts'

export interface Model {
  /** Runs one call at an instant. `ids` are those that the database gave, where it accepted. */
  apply(operation: Operation, at: number, ids?: Ids): Answer
  /** What `ledger_balance` says of an account. */
  balance(code: string, at: number): Answer
  expireHold(project: string, id: string): void
  /** Counters of every account, by code. */
  accounts(): { code: string; total_in: number; total_out: number; held: number; status: string }[]
  /** What every window has counted, those that were only opened left out. */
  windows(): { account: string; budget: string; start: number | null; spent: number; held: number }[]
  holds(): {
    id: string
    amount: number
    captured: number
    released: number
    above: number
    uncollected: number
    status: string
  }[]
  /** What `ledger_lease_get` says of a lease. */
  lease(id: string, at: number): Answer
  leases(): { id: string; seq: number }[]
  transactions(): { charges: number[]; others: number[] }
  alerts(): Answer[]
  /** A copy that goes its own way. */
  fork(): Model
}
interface ModelOptions {
  lazyExpiry?: boolean
  state?: State
}

/**
 * The ledger in memory: what it should do, with none of how. Times are milliseconds since the epoch and given with
 * each call. `lazyExpiry` false leaves expiry to `expireHold`, for a journal that names each one.
 */
export function createModel({ lazyExpiry = true, state = emptyState() }: ModelOptions = {}): Model {
  const { accounts, holds, budgets, charges, others, alerts, leases } = state
  const books = createBooks(state, lazyExpiry)
  const { begin, untouch, lock, deny, balanceOf, windowsOf, viewAccount } = books
  const operations: Record<string, Run> = {
    ...accountOperations(state, books),
    ...holdOperations(state, books),
    ...chargeOperations(state, books),
    ...leaseOperations(state, books),
    ...rebalanceOperations(state, books),
  }

  function apply(operation: Operation, at: number, ids: Ids = {}): Answer {
    begin(at, ids)
    try {
      const run = operations[operation.op]
      if (!run) throw new Error(`the model has no ${operation.op}`)
      return run(operation)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      untouch()
      return { refused: error.reason, ...(error.fields && { fields: error.fields }) }
    }
  }

  return {
    apply,
    expireHold: books.expireHold,
    balance(code, at) {
      begin(at)
      const account = accounts.get(code)
      if (!account) return deny('account_not_found', code)
      lock(account)
      const { purse } = account
      const budgetsNow = viewWindows(windowsOf(account))
      untouch() // reading makes nothing
      const sums = { granted: purse.in, spent: purse.out, ...balanceOf(purse), overdraft: purse.overdraft }
      return { ok: true, ...viewAccount(account), ...sums, budgets: budgetsNow }
    },
    accounts: () =>
      [...accounts.values()].map(({ code, in: total_in, out: total_out, held, status }) => ({
        code,
        total_in,
        total_out,
        held,
        status,
      })),
    windows: () =>
      budgets
        .flatMap(({ windows }) => [...windows.values()])
        .filter(({ spent, held }) => spent > 0 || held > 0)
        .map(({ budget, start, spent, held }) => ({
          account: budget.account.code,
          budget: budget.name,
          start,
          spent,
          held,
        })),
    holds: () =>
      [...holds.values()].map(({ id, amount, captured, released, above, uncollected, status }) => ({
        id,
        amount,
        captured,
        released,
        above,
        uncollected,
        status,
      })),
    lease(id, at) {
      const lease = leases.get(id)
      return lease ? { ok: true, ...viewLease(lease, at) } : { refused: 'lease_not_found' }
    },
    leases: () => [...leases.values()].map(({ id, seq }) => ({ id, seq })),
    transactions: () => ({ charges: [...charges.keys()], others: [...others] }),
    alerts: () => [...alerts.values()],
    fork: () => createModel({ lazyExpiry, state: structuredClone(state) }),
  }
}
