import {
  type AcceptedOf,
  type ArgumentInput,
  callable,
  ledgerLeaseClose,
  ledgerLeaseGet,
  ledgerLeaseOpen,
  ledgerLeaseReport,
} from '@core/api/functions'
import type { Database, RpcOptions } from '@core/database'
import type { CallOptions } from '@core/foundation'
import type { Credits } from '../credits.ts'
import { keyed } from '../keyed.ts'
import { copyMetadata } from '../metadata.ts'
import type { Accepted, AccountDenial, Balance, ClosedDenial, SpendDenial } from '../outcome.ts'
import { toDenial, toPosting } from '../to-outcome.ts'
import type { ReportItem } from './lease-tally.ts'

export interface LeaseOpenInput {
  key: string
  account: string
  amount: Credits
  /** 1 to 604,800: seven days. */
  ttlSeconds: number
  /** Shown to people as the spender. */
  device: string
}

/** A lease as the database has it. */
export interface LeaseFacts {
  lease: string
  account: string
  device: string
  /** expired: over, its rest held for the grace. returned: the grace is over too. */
  state: 'open' | 'expired' | 'returned' | 'closed'
  amount: Credits
  reported: Credits
  rest: Credits
  /** The number of the last report. */
  seq: number
  expiresAt: Date
  /** When the unreported rest is released. */
  returnsAt: Date
  /** The database's time of the answer. */
  at: Date
}

/** More than one lease may take of what is available: a fifth, or what the purse's metadata allows. */
export interface LeaseLimitDenial extends Balance {
  status: 'lease_limit'
  account: string
  requested: Credits
  limit: Credits
}
/** The number of a report was not the next one. */
export interface LeaseGapDenial {
  status: 'lease_gap'
  lease: string
  seq: number
  expected: number
}

export type LeaseOpened = Accepted & LeaseFacts & { status: 'leased' }
export type LeaseReported = Accepted &
  LeaseFacts & {
    status: 'reported'
    charged: Credits
    uncollected: Credits
    flags: ('late' | 'overflow' | 'uncollected')[]
  }
export type LeaseClosed = Accepted & LeaseFacts & { status: 'closed'; released: Credits }

export type LeaseOpenOutcome = LeaseOpened | SpendDenial | AccountDenial | LeaseLimitDenial
export type LeaseReportOutcome = LeaseReported | ClosedDenial | LeaseGapDenial
export type LeaseCloseOutcome = LeaseClosed | ClosedDenial

/**
 * The lease functions of the database. `openLease` is built on them; call them directly only to write another client.
 */
export interface LeaseCalls {
  open(input: LeaseOpenInput, options?: CallOptions): Promise<LeaseOpenOutcome>
  /** Charges what was spent. Numbers go 1, 2, 3, …; the same number with the same items replays. */
  report(
    input: { lease: string; seq: number; items: readonly ReportItem[] },
    options?: CallOptions,
  ): Promise<LeaseReportOutcome>
  /** Releases the unreported rest. A device that still has spends to report would lose them. */
  close(input: { key: string; lease: string }, options?: CallOptions): Promise<LeaseCloseOutcome>
  get(lease: string, options?: CallOptions): Promise<LeaseFacts>
}

export function createLeaseCalls(database: Pick<Database, 'rpc'>, claims: RpcOptions['claims']): LeaseCalls {
  const openLease = callable(database, ledgerLeaseOpen)
  const reportLease = callable(database, ledgerLeaseReport)
  const closeLease = callable(database, ledgerLeaseClose)
  const getLease = callable(database, ledgerLeaseGet)
  return {
    open: ({ key, account, amount, ttlSeconds, device }, options) =>
      keyed(key, async () => {
        const answer = await openLease({ key, account, amount, ttlSeconds, device }, { ...options, claims })
        if (answer.ok) return { ...toPosting(answer), ...toFacts(answer), status: 'leased' }
        if (answer.code !== 'lease_limit') return toDenial(answer)
        const { settled, held, available, budgets, requested, limit } = answer
        return { status: answer.code, account, settled, held, available, budgets, requested, limit }
      }),
    async report({ lease, seq, items }, options) {
      const answer = await reportLease({ lease, seq, items: items.map(copyItem) }, { ...options, claims })
      if (answer.ok) {
        const { charged, uncollected, flags } = answer
        return { ...toPosting(answer), ...toFacts(answer), status: 'reported', charged, uncollected, flags }
      }
      if (answer.code === 'hold_closed') return toDenial(answer)
      return { status: answer.code, lease: answer.lease, seq: answer.seq, expected: answer.expected }
    },
    close: ({ key, lease }, options) =>
      keyed(key, async () => {
        const answer = await closeLease({ key, lease }, { ...options, claims })
        if (!answer.ok) return toDenial(answer)
        return { ...toPosting(answer), ...toFacts(answer), status: 'closed', released: answer.released }
      }),
    async get(lease, options) {
      return toFacts(await getLease({ lease }, { ...options, claims }))
    },
  }
}

function copyItem({ metadata, ...item }: ReportItem): ArgumentInput<typeof ledgerLeaseReport.args>['items'] {
  return { ...item, ...(metadata === undefined ? {} : { metadata: copyMetadata(metadata) }) }
}

function toFacts(answer: AcceptedOf<typeof ledgerLeaseGet>): LeaseFacts {
  const { lease, account, device, status, amount, reported, rest, seq } = answer
  return {
    ...{ lease, account, device, state: status, amount, reported, rest, seq },
    expiresAt: new Date(answer.expires_at),
    returnsAt: new Date(answer.returns_at),
    at: new Date(answer.at),
  }
}
