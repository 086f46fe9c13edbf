import type { Brand } from '@core/foundation'
import { z } from 'zod/mini'
import { accepted, denial, instant, whole } from '../../contract/answer-field.ts'

/** Whole micro-credits in [0, 2^53 - 1]. One credit is 1,000,000 of them. */
export type Credits = Brand<number, 'Credits'>

/** An amount in an answer; what is left of something may be below zero. */
export const amount = z.custom<Credits>(Number.isSafeInteger)

/** The present window of a budget that bound the call; the instants are null for a total. */
export const budgetWindow = {
  budget: z.string(),
  account: z.string(),
  period: z.literal(['hour', 'day', 'week', 'month', 'total']),
  limit: amount,
  spent: amount,
  held: amount,
  rest: amount,
  period_start: z.nullable(instant),
  resets_at: z.nullable(instant),
}
const budgets = z.array(z.object(budgetWindow))

/** What a purse has; `available` below zero is debt. */
export const purse = { settled: amount, held: amount, available: amount }
/** A purse, and every budget that binds. */
export const balance = { ...purse, budgets }
/** What every accepted posting answers with. */
export const posted = { ...accepted, tx: whole, replayed: z.literal([true, false]), ...balance }

const account = z.string()
const hold = z.string()

export const accountNotFound = denial('account_not_found', { account })
/** Without a balance where the frozen account is not the one that pays. */
export const accountFrozen = denial('account_frozen', {
  account,
  settled: z.optional(amount),
  held: z.optional(amount),
  available: z.optional(amount),
  budgets: z.optional(budgets),
})
export const insufficientCredits = denial('insufficient_credits', {
  account,
  ...balance,
  requested: amount,
  hold: z.optional(hold),
})
export const budgetExhausted = denial('budget_exhausted', {
  account,
  ...balance,
  requested: amount,
  budget: z.string(),
  hold: z.optional(hold),
})
/** The hold has ended already, or (void) has captures. */
export const holdClosed = denial('hold_closed', {
  account,
  ...balance,
  hold,
  status: z.string(),
  captured: z.optional(amount),
})
export const overCapture = denial('over_capture', { account, ...balance, hold, requested: amount, limit: amount })
