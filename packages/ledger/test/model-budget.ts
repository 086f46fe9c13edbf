import { periodOf } from './calendar.ts'

export interface BudgetOwner {
  code: string
}
export interface Budget {
  account: BudgetOwner
  name: string
  period: string
  zone: string
  limit: number
  carryCap: number
  /** Rebalancing leaves it at least this much. */
  floor: number
  /** Thresholds in basis points. */
  alerts: number[]
  createdAt: number
  removed: boolean
  removedAt: number
  windows: Map<number | null, Window>
}
/** One period of a budget, from its first touch on. */
export interface Window {
  budget: Budget
  start: number | null
  end: number | null
  spent: number
  held: number
  carried: number
  /** What rebalancing gave it, or took. */
  moved: number
  /** The limit it ended with, once a later one was made. */
  limit: number | null
  /** Those that ended with its making. */
  ended: Window[]
}

export const capOf = ({ budget, limit, carried, moved }: Window) => (limit ?? budget.limit) + carried + moved
export const restOf = (window: Window) => capOf(window) - window.spent - window.held

/** Windows as answers show them. */
export const viewWindows = (windows: readonly Window[]) =>
  windows.map((window) => ({
    budget: window.budget.name,
    account: window.budget.account.code,
    period: window.budget.period,
    limit: capOf(window),
    spent: window.spent,
    held: window.held,
    rest: restOf(window),
    period_start: window.start,
    resets_at: window.end,
  }))

/** The window of a budget at an instant; `onNew` hears of one that is made by this touch. */
export function openWindow(budget: Budget, at: number, onNew: (window: Window) => void): Window {
  const { start, end } = periodOf(budget.period, budget.zone, at)
  const known = budget.windows.get(start)
  if (known) return known
  const made = { budget, start, end, spent: 0, held: 0, carried: carryInto(budget, start), moved: 0, limit: null }
  const ended = [...budget.windows.values()].filter((each) => each.limit === null)
  for (const each of ended) each.limit = budget.limit
  const window: Window = { ...made, ended }
  budget.windows.set(start, window)
  onNew(window)
  return window
}

/**
 * The unused rest of the period before, at most the cap. A period without any call was unused, and had a carry, too.
 */
function carryInto(budget: Budget, start: number | null): number {
  if (budget.carryCap === 0 || start === null || start <= budget.createdAt) return 0
  const before = periodOf(budget.period, budget.zone, start - 1)
  const window = budget.windows.get(before.start)
  const rest = window ? restOf(window) : budget.limit + carryInto(budget, before.start)
  return Math.min(budget.carryCap, Math.max(0, rest))
}
