import { z } from 'zod/mini'
import type { Credits } from './credits.ts'
import type { AccountDenial, Balance, BudgetRest } from './outcome.ts'
import { unknownAnswer } from './unknown-answer.ts'

const amount = z.custom<Credits>((value) => Number.isSafeInteger(value))
const shape = z.object({
  account: z.string(),
  project: z.string(),
  kind: z.enum(['pool', 'project', 'user']),
  status: z.enum(['active', 'frozen', 'closed']),
  parent: z.nullable(z.string()),
  funding: z.enum(['own', 'parent']),
  /** The account whose credits these are: itself, or the ancestor it draws on. */
  purse: z.string(),
  granted: amount,
  spent: amount,
  settled: amount,
  held: amount,
  overdraft: amount,
  /** How far a settle with `overflow` may take available below zero. */
  debt_limit: amount,
  /** How much a settle may charge above a hold, in basis points of what was granted to it. */
  over_bp: z.custom<number>(Number.isSafeInteger),
  available: amount,
  budgets: z.array(z.custom<BudgetRest>((value) => typeof value === 'object' && value !== null)),
})

/** An account with the balance of its purse. settled = granted - spent; available = settled - held + overdraft. */
export interface AccountBalance extends Balance, Omit<z.infer<typeof shape>, keyof Balance | 'status'> {
  status: 'found'
  accountStatus: z.infer<typeof shape>['status']
}

export function toAccountBalance(answer: unknown): AccountBalance | AccountDenial {
  const known = shape.safeParse(answer)
  if (known.success) return { ...known.data, status: 'found', accountStatus: known.data.status }
  const denial = z
    .object({ ok: z.literal(false), code: z.literal('account_not_found'), account: z.string() })
    .safeParse(answer)
  if (denial.success) return { status: denial.data.code, account: denial.data.account }
  throw unknownAnswer('ledger_balance', known.error)
}
