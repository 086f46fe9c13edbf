import type { Budget, BudgetOwner, Window } from './model-budget.ts'

/** One call as `ledger_batch` takes it; the functions that are no batch operations have the same form here. */
export interface Operation {
  op: string
  key: string
  [field: string]: string | number | boolean | number[] | LeaseItem[] | null | undefined
}
/** One spend of a lease, as a report lists it. */
export interface LeaseItem {
  [field: string]: string | number
  amount: number
  at: string
}
/** What a call answers, without ids and times that only a database can know. */
export type Answer = Readonly<Record<string, unknown>>

/** Everything a ledger knows; a graph of plain objects, so that it can be copied whole. */
export interface State {
  accounts: Map<string, Account>
  /** By `holdKey`. */
  holds: Map<string, Hold>
  budgets: Budget[]
  charges: Map<number, Charge>
  /** Transactions that charged nothing. */
  others: Set<number>
  keys: Map<string, { request: Operation; answer: Answer }>
  alerts: Map<string, Answer>
  leases: Map<string, Lease>
}
export interface Account extends BudgetOwner {
  project: string
  kind: string
  parent: Account | null
  purse: Account
  path: Account[]
  root: Account
  status: string
  in: number
  out: number
  held: number
  overdraft: number
  debtLimit: number
  /** What may be charged above a hold, in basis points of what it was granted. */
  overBasisPoints: number
}
export interface Hold {
  id: string
  account: Account
  amount: number
  captured: number
  released: number
  /** Charged above the hold, or after it expired. */
  above: number
  uncollected: number
  over: string
  overBasisPoints: number
  status: string
  expiresAt: number
  /** Where what was granted counts, in the order of its granting. */
  parts: Part[]
  leased: boolean
}
/** From which micro-credit of a hold up to which a window counts it. */
export interface Part {
  window: Window
  from: number
  to: number
}
/** What is more about the hold of the same id. */
export interface Lease {
  id: string
  hold: Hold
  device: string
  amount: number
  reported: number
  seq: number
  flags: string[]
  openedAt: number
  expiresAt: number
  closedAt: number | null
}
export interface Charge {
  account: Account
  windows: Window[]
  left: number
  at: number
  /** The hold it is within, and where in its grant that begins. */
  hold: Hold | null
  from: number
  /** The part of it above the hold, and where that counted. */
  above: number
  aboveWindows: Window[]
}

/** Misuse: it is raised, and undoes the whole call. */
export class Refusal extends Error {
  readonly reason: string
  readonly fields: string[] | undefined
  constructor(reason: string, fields?: string[]) {
    super(reason)
    this.reason = reason
    this.fields = fields
  }
}

/** Two projects may have chosen the same id. */
export const holdKey = (project: string, id: string): string => `${project} ${id}`

export function emptyState(): State {
  const maps = { accounts: new Map(), holds: new Map(), charges: new Map(), keys: new Map(), alerts: new Map() }
  return { ...maps, leases: new Map(), budgets: [], others: new Set() }
}
