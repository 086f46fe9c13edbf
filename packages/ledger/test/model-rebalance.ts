import type { Books, Run } from './model-books.ts'
import { capOf, type Window } from './model-budget.ts'
import { Refusal, type State } from './model-state.ts'

/** Balancing: unused cap moves between the children of one account, sum zero. */
export function rebalanceOperations(state: State, books: Books): Record<string, Run> {
  const { accounts, budgets } = state
  const { windowsOn, lock, replay, accept, deny, raise } = books

  return {
    rebalance({ dry_run: isDry = false, ...operation }) {
      const { budget: name, policy = 'fair' } = operation
      if (policy !== 'fair') throw new Refusal('invalid_policy')
      const parent = accounts.get(String(operation['parent']))
      if (!parent) return deny('account_not_found', String(operation['parent']))
      const isOurs = (budget: (typeof budgets)[number]) => budget.name === name && !budget.removed
      const children = [...accounts.values()].filter(
        (child) =>
          child.parent === parent &&
          child.status !== 'closed' &&
          budgets.some((each) => isOurs(each) && each.account === child),
      )
      lock(parent)
      const windows = windowsOn([parent, ...children])
      if (!isDry) {
        const replayed = replay(parent.project, operation)
        if (replayed) return replayed
      }
      const levelled = children.flatMap((child) =>
        windows.filter(({ budget }) => budget.account === child && budget.name === name),
      )
      const periods = new Set(levelled.map(({ budget }) => `${budget.period} ${budget.zone}`))
      if (periods.size > 1) throw new Refusal('periods_differ')
      const before = levelled.map(capOf)
      const total = before.reduce((sum, cap) => sum + cap, 0)
      const after = fairCaps(levelled, total)
      const moves = levelled.flatMap(({ budget }, index) => {
        const [from = 0, to = from] = [before[index], after[index]]
        return from === to ? [] : [{ account: budget.account.code, from, to, moved: to - from }]
      })
      const facts = { parent: parent.code, budget: name, total, dry_run: isDry, moves }
      if (isDry) return { ok: true, ...facts }
      for (const [index, window] of levelled.entries()) {
        const [from = 0, to = from] = [before[index], after[index]]
        window.moved += to - from
        if (from !== to) raise(window, (bp) => window.spent * 10_000 < from * bp)
      }
      return accept(operation, parent.project, parent.purse, [], facts)
    },
  }
}

/**
 * What is not spoken for, a credit at a time to the account with the least rest, the oldest first: the same as the
 * water level, found without it. A floor speaks for what it has above the use.
 */
function fairCaps(windows: readonly Window[], total: number): number[] {
  const uses = windows.map(({ spent, held }) => spent + held)
  const caps = windows.map(({ budget }, index) => Math.max(budget.floor, uses[index] ?? 0))
  const left = total - caps.reduce((sum, cap) => sum + cap, 0)
  if (left < 0) return windows.map(capOf) // nothing is unused
  for (let credit = 0; credit < left; credit++) {
    const rests = caps.map((cap, index) => cap - (uses[index] ?? 0))
    const poorest = rests.indexOf(Math.min(...rests))
    if (poorest >= 0) caps[poorest] = (caps[poorest] ?? 0) + 1
  }
  return caps
}
