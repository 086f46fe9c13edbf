import type { Goal } from '../row.ts'

/** What the ledger promises of its speed, with everything on: keys, journal, entries, budgets, alerts. */
export const goals = {
  /** Coalesced reserve() or settle() from 1,000 concurrent callers on one hot account, per second. */
  coalesced: { server: { atLeast: 40_000 }, embedded: { atLeast: 15_000 } },
  /** Against a plain INSERT of the same rows: hold and journal, and of a settle its entries. */
  againstInsert: { atLeast: 0.5 },
  /** A single call against a function with the same row writes and no checks. */
  againstBare: { atLeast: 0.6 },
  /** A batch of which a tenth is denied, against one of which nothing is. */
  withDenials: { atLeast: 0.5 },
  /** REST calls of 256 callers on one account, against one transaction per call. */
  rest: { atLeast: 5 },
  /** p50 of a lone call through the coalescer of the control plane, divided by that of the same call without it. */
  loneCoalesced: { atMost: 1.05 },
  /** p99 of a lone reserve, divided by its p50. */
  loneTail: { atMost: 3 },
  /** With a long journal, against an empty one. */
  grown: { atLeast: 0.8 },
  /** Acknowledged spends of one process from a lease, the journal on, per second. */
  leaseSpend: { atLeast: 500_000 },
  /** Per cent of the updates of accounts and windows that touch no index. */
  hotUpdates: { atLeast: 95 },
  deadlocks: { atMost: 0 },
} as const satisfies Record<string, Goal | Record<string, Goal>>
