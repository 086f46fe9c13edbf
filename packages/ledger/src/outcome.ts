import { toDatabaseError } from '@core/database'
import { type CoreError, isObject } from '@core/foundation'
import { z } from 'zod/mini'
import type { Credits } from './credits.ts'
import { unknownAnswer } from './unknown-answer.ts'

/** An amount in an answer. */
export const amount = z.custom<Credits>((value) => Number.isSafeInteger(value))

/** The present window of a budget that bound the call. Instants are ISO 8601 texts; null for a total. */
export interface BudgetRest {
  budget: string
  account: string
  period: 'hour' | 'day' | 'week' | 'month' | 'total'
  limit: Credits
  spent: Credits
  held: Credits
  rest: Credits
  period_start: string | null
  resets_at: string | null
}

// By hand: zod/mini compiles no parsers, and windows are most of an answer.
const budget = z.custom<BudgetRest>((value) => {
  if (!isObject(value)) return false
  const { budget, account, period, limit, spent, held, rest, period_start, resets_at } = value
  return (
    typeof budget === 'string' &&
    typeof account === 'string' &&
    typeof period === 'string' &&
    Number.isSafeInteger(limit) &&
    Number.isSafeInteger(spent) &&
    Number.isSafeInteger(held) &&
    Number.isSafeInteger(rest) &&
    (period_start === null || typeof period_start === 'string') &&
    (resets_at === null || typeof resets_at === 'string')
  )
})

/** What every answer carries of the account's purse, in micro-credits. `available` below zero is debt. */
export interface Balance {
  settled: Credits
  held: Credits
  available: Credits
  budgets: BudgetRest[]
}

/** What an answer carries of a purse. */
export const balance = { settled: amount, held: amount, available: amount, budgets: z.array(budget) }
/** What every accepted answer carries. */
export const accepted = { ok: z.literal(true), tx: z.number(), replayed: z.boolean(), ...balance }

/** A refusal by the single functions of holds and charges. */
export const denied = z.object({
  ok: z.literal(false),
  code: z.enum([
    'insufficient_credits',
    'budget_exhausted',
    'account_not_found',
    'account_frozen',
    'hold_closed',
    'over_capture',
  ]),
  account: z.string(),
  ...z.partial(z.object(balance)).shape,
  requested: z.optional(amount),
  limit: z.optional(amount),
  budget: z.optional(z.string()),
  hold: z.optional(z.string()),
  status: z.optional(z.string()),
})

const misused = z.object({
  ok: z.literal(false),
  code: z.string(),
  error: z.object({
    sqlstate: z.string(),
    message: z.string(),
    fix: z.nullish(z.string()),
    details: z.custom<Readonly<Record<string, unknown>>>(isObject),
  }),
})

/** Credits or a budget were not enough; nothing was changed. */
export interface SpendDenial extends Balance {
  status: 'insufficient_credits' | 'budget_exhausted'
  account: string
  /** The smallest amount that had to be granted. */
  requested: Credits
  /** The budget that denied the call. */
  budget?: string | undefined
}
export interface AccountDenial {
  status: 'account_not_found' | 'account_frozen'
  account: string
}
/** The hold has ended already, or (void) has captures. */
export interface ClosedDenial {
  status: 'hold_closed'
  hold: string
  holdStatus: string
}
/** More than the hold has, and its policy is to reject; or a capture beyond its rest. */
export interface OverCaptureDenial {
  status: 'over_capture'
  hold: string
  limit: Credits
}

export interface Accepted extends Balance {
  tx: number
  /** True when the key was known: this is the first answer again. */
  replayed: boolean
}
export type Reserved = Accepted & { status: 'reserved'; hold: string; granted: Credits; expiresAt: Date }
export type Settled = Accepted & {
  status: 'settled' | 'settled_late'
  hold: string
  charged: Credits
  released: Credits
  /** Used but not charged: neither balance, budgets nor the bound above the hold left it. */
  uncollected: Credits
  flags: ('late' | 'estimated' | 'overflow' | 'uncollected')[]
}
export type Voided = Accepted & { status: 'voided'; hold: string; released: Credits }
export type Charged = Accepted & { status: 'charged'; account: string; charged: Credits }
export type Extended = Accepted & {
  status: 'extended'
  hold: string
  granted: Credits
  amount: Credits
  expiresAt: Date
}
export type Captured = Accepted & {
  status: 'captured'
  hold: string
  charged: Credits
  captured: Credits
  rest: Credits
}
export type Granted = Accepted & { status: 'granted'; account: string; amount: Credits }
export type Transferred = Accepted & { status: 'transferred'; from: string; to: string; moved: Credits }
export type Refunded = Accepted & { status: 'refunded'; account: string; refunded: Credits; left: Credits }

export type ReserveOutcome = Reserved | SpendDenial | AccountDenial
export type SettleOutcome = Settled | ClosedDenial | OverCaptureDenial
export type VoidOutcome = Voided | ClosedDenial
export type ChargeOutcome = Charged | SpendDenial | AccountDenial
export type ExtendOutcome = Extended | SpendDenial | AccountDenial | ClosedDenial
export type CaptureOutcome = Captured | ClosedDenial | OverCaptureDenial
export type GrantOutcome = Granted | AccountDenial
export type TransferOutcome = Transferred | SpendDenial | AccountDenial
export type RefundOutcome = Refunded | AccountDenial

export interface Outcomes {
  reserve: ReserveOutcome
  settle: SettleOutcome
  void: VoidOutcome
  charge: ChargeOutcome
  extend: ExtendOutcome
  capture: CaptureOutcome
  grant: GrantOutcome
  transfer: TransferOutcome
  refund: RefundOutcome
}

/** Converts an answer to its outcome. */
export function mapped<Shape extends z.ZodMiniType, Outcome>(
  shape: Shape,
  toOutcome: (answer: z.output<Shape>) => Outcome,
) {
  return z.pipe(shape, z.transform(toOutcome))
}

const hold = z.string()
const expires = { expires_at: z.string() }

/** What an accepted answer of each operation looks like, and the outcome it becomes. */
const acceptances: { [Op in keyof Outcomes]: z.ZodMiniType<Extract<Outcomes[Op], Accepted>> } = {
  reserve: mapped(z.object({ ...accepted, ...expires, hold, granted: amount }), ({ ok: _, expires_at, ...facts }) => ({
    status: 'reserved' as const,
    ...facts,
    expiresAt: new Date(expires_at),
  })),
  settle: mapped(
    z.object({
      ...accepted,
      status: z.enum(['settled', 'settled_late']),
      hold,
      charged: amount,
      released: amount,
      uncollected: amount,
      flags: z.array(z.enum(['late', 'estimated', 'overflow', 'uncollected'])),
    }),
    ({ ok: _, ...facts }) => facts,
  ),
  void: mapped(
    z.object({ ...accepted, status: z.literal('voided'), hold, released: amount }),
    ({ ok: _, ...facts }) => facts,
  ),
  charge: mapped(z.object({ ...accepted, account: z.string(), charged: amount }), ({ ok: _, ...facts }) => ({
    status: 'charged' as const,
    ...facts,
  })),
  extend: mapped(
    z.object({ ...accepted, ...expires, hold, granted: amount, amount }),
    ({ ok: _, expires_at, ...facts }) => ({
      status: 'extended' as const,
      ...facts,
      expiresAt: new Date(expires_at),
    }),
  ),
  capture: mapped(
    z.object({ ...accepted, hold, charged: amount, captured: amount, rest: amount }),
    ({ ok: _, ...facts }) => ({ status: 'captured' as const, ...facts }),
  ),
  grant: mapped(z.object({ ...accepted, account: z.string(), amount }), ({ ok: _, ...facts }) => ({
    status: 'granted' as const,
    ...facts,
  })),
  transfer: mapped(
    z.object({ ...accepted, from: z.string(), to: z.string(), moved: amount }),
    ({ ok: _, ...facts }) => ({ status: 'transferred' as const, ...facts }),
  ),
  refund: mapped(
    z.object({ ...accepted, account: z.string(), refunded: amount, left: amount }),
    ({ ok: _, ...facts }) => ({ status: 'refunded' as const, ...facts }),
  ),
}

/** Reads the answer to one operation. Denials become outcomes; misuse inside a batch is thrown as it would be alone. */
export function toOutcome<Op extends keyof Outcomes>(op: Op, answer: unknown): Outcomes[Op] {
  const acceptance = acceptances[op].safeParse(answer)
  if (acceptance.success) return acceptance.data
  const misuse = misused.safeParse(answer)
  if (misuse.success) throw toMisuse(op, misuse.data)
  const denial = denied.safeParse(answer)
  if (!denial.success) throw unknownAnswer(`ledger_${op}`, acceptance.error)
  return toDenial(denial.data) as Outcomes[Op]
}

function toMisuse(op: string, { code, error }: z.infer<typeof misused>): CoreError {
  return toDatabaseError(`ledger_${op}`, {
    code: error.sqlstate,
    message: error.message,
    hint: error.fix ?? null,
    detail: JSON.stringify({ ...error.details, code }),
  })
}

export function toDenial(data: z.infer<typeof denied>): SpendDenial | AccountDenial | ClosedDenial | OverCaptureDenial {
  const { code, account } = data
  const zero = 0 as Credits
  switch (code) {
    case 'insufficient_credits':
    case 'budget_exhausted':
      return {
        status: code,
        account,
        settled: data.settled ?? zero,
        held: data.held ?? zero,
        available: data.available ?? zero,
        budgets: data.budgets ?? [],
        requested: data.requested ?? zero,
        ...(data.budget === undefined ? {} : { budget: data.budget }),
      }
    case 'account_not_found':
    case 'account_frozen':
      return { status: code, account }
    case 'hold_closed':
      return { status: code, hold: data.hold ?? '', holdStatus: data.status ?? '' }
    case 'over_capture':
      return { status: code, hold: data.hold ?? '', limit: data.limit ?? zero }
    default:
      throw code satisfies never
  }
}
