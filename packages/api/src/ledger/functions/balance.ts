import { z } from 'zod/mini'
import { accepted, instant, object, whole } from '../../contract/answer-field.ts'
import { instant as instantArgument, optional, text } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { accountNotFound, amount, budgetWindow, purse } from './answer.ts'

/** What an account is set to. */
export const accountFacts = {
  account: z.string(),
  project: z.string(),
  kind: z.literal(['pool', 'project', 'user']),
  status: z.literal(['active', 'frozen', 'closed']),
  parent: z.nullable(z.string()),
  funding: z.literal(['own', 'parent']),
  /** The account whose credits these are: itself, or the ancestor it draws on. */
  purse: z.string(),
  overdraft: amount,
  /** How far a settle with `overflow` may take available below zero. */
  debt_limit: amount,
  /** How much a settle may charge above a hold, in basis points of what was granted to it. */
  over_bp: whole,
  metadata: object,
  created_at: instant,
  etag: z.string(),
}
/** An account with its balance and the rest of its budgets. */
export const accountNow = {
  ...accountFacts,
  ...purse,
  granted: amount,
  spent: amount,
  version: whole,
  budgets: z.array(z.object({ ...budgetWindow, etag: z.string() })),
  at: instant,
}

/** Now with the budgets, or at an instant with the transaction that left this balance. */
export const ledgerBalance = describeFunction({
  name: 'ledger_balance',
  args: { account: text, at: optional(instantArgument) },
  answer: z.union([
    z.object({ ...accepted, ...accountNow }),
    z.object({ ...accepted, ...accountFacts, ...purse, at: instant, tx: z.nullable(whole) }),
  ]),
  denials: [accountNotFound],
})
