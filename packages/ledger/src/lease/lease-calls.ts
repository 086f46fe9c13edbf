import type { Database, Json, JsonInput, RpcOptions } from '@core/database'
import { type CallOptions, isCoreError, withDetails } from '@core/foundation'
import { z } from 'zod/mini'
import type { Credits } from '../credits.ts'
import { copyMetadata } from '../metadata.ts'
import {
  type Accepted,
  type AccountDenial,
  accepted,
  amount,
  type Balance,
  balance,
  type ClosedDenial,
  denied,
  mapped,
  type SpendDenial,
  toDenial,
} from '../outcome.ts'
import { unknownAnswer } from '../unknown-answer.ts'
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
  return {
    async open({ key, account, amount: p_amount, ttlSeconds, device }, options) {
      const args = { p_key: key, p_account: account, p_amount, p_ttl_s: ttlSeconds, p_device: device }
      const answer = await keyed(key, database.rpc('ledger_lease_open', args, { ...options, claims }))
      return parse('open', openAnswer, answer)
    },
    async report({ lease, seq, items }, options) {
      const args = { p_lease: lease, p_seq: seq, p_items: items.map(copyItem) }
      const answer = await database.rpc('ledger_lease_report', args, { ...options, claims })
      return parse('report', reportAnswer, answer)
    },
    async close({ key, lease }, options) {
      const args = { p_key: key, p_lease: lease }
      const answer = await keyed(key, database.rpc('ledger_lease_close', args, { ...options, claims }))
      return parse('close', closeAnswer, answer)
    },
    async get(lease, options) {
      return parse('get', facts, await database.rpc('ledger_lease_get', { p_lease: lease }, { ...options, claims }))
    },
  }
}

const time = mapped(z.string(), (text) => new Date(text))
const stored = {
  lease: z.string(),
  account: z.string(),
  device: z.string(),
  status: z.enum(['open', 'expired', 'returned', 'closed']),
  amount,
  reported: amount,
  rest: amount,
  seq: z.number(),
  expires_at: time,
  returns_at: time,
  at: time,
}

/** Every error of a mutation has its key, so that the call can be sent again. */
async function keyed<Answer>(key: string, call: Promise<Answer>): Promise<Answer> {
  try {
    return await call
  } catch (error) {
    throw isCoreError(error) ? withDetails(error, { key }) : error
  }
}

function copyItem({ metadata, ...item }: ReportItem): JsonInput {
  return { ...item, ...(metadata === undefined ? {} : { metadata: copyMetadata(metadata) }) }
}

function toFacts<Answer extends z.infer<z.ZodMiniObject<typeof stored>>>({
  status: state,
  expires_at: expiresAt,
  returns_at: returnsAt,
  ...rest
}: Answer) {
  return { ...rest, state, expiresAt, returnsAt }
}

const facts: z.ZodMiniType<LeaseFacts> = mapped(z.object(stored), toFacts)

const spendDenial = mapped(
  z.extend(denied, {
    code: z.enum(['insufficient_credits', 'budget_exhausted', 'account_not_found', 'account_frozen']),
  }),
  (denial) => toDenial(denial) as SpendDenial | AccountDenial,
)
const closedDenial = mapped(
  z.extend(denied, { code: z.literal('hold_closed') }),
  (denial) => toDenial(denial) as ClosedDenial,
)
const limitDenial = mapped(
  z.object({
    ok: z.literal(false),
    code: z.literal('lease_limit'),
    account: z.string(),
    requested: amount,
    limit: amount,
    ...balance,
  }),
  ({ ok: _, code: status, ...denial }): LeaseLimitDenial => ({ status, ...denial }),
)
const gapDenial = mapped(
  z.object({
    ok: z.literal(false),
    code: z.literal('lease_gap'),
    lease: z.string(),
    seq: z.number(),
    expected: z.number(),
  }),
  ({ ok: _, code: status, ...denial }): LeaseGapDenial => ({ status, ...denial }),
)

const openAnswer: z.ZodMiniType<LeaseOpenOutcome> = z.union([
  mapped(z.object({ ...accepted, ...stored }), ({ ok: _, ...answer }) => ({
    ...toFacts(answer),
    status: 'leased' as const,
  })),
  spendDenial,
  limitDenial,
])
const reportAnswer: z.ZodMiniType<LeaseReportOutcome> = z.union([
  mapped(
    z.object({
      ...accepted,
      ...stored,
      charged: amount,
      uncollected: amount,
      flags: z.array(z.enum(['late', 'overflow', 'uncollected'])),
    }),
    ({ ok: _, ...answer }) => ({ ...toFacts(answer), status: 'reported' as const }),
  ),
  closedDenial,
  gapDenial,
])
const closeAnswer: z.ZodMiniType<LeaseCloseOutcome> = z.union([
  mapped(z.object({ ...accepted, ...stored, released: amount }), ({ ok: _, ...answer }) => ({
    ...toFacts(answer),
    status: 'closed' as const,
  })),
  closedDenial,
])

function parse<Outcome>(name: string, shape: z.ZodMiniType<Outcome>, answer: Json): Outcome {
  const parsed = shape.safeParse(answer)
  if (parsed.success) return parsed.data
  throw unknownAnswer(`ledger_lease_${name}`, parsed.error)
}
