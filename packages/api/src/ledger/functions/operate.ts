import { z } from 'zod/mini'
import { accepted, instant, object, whole } from '../../contract/answer-field.ts'
import { bigint, integer, named, optional, text } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { accountNotFound, amount } from './answer.ts'

const limit = optional(integer)

export const ledgerAudit = describeFunction({
  name: 'ledger_audit',
  args: { account: optional(text) },
  answer: z.object({
    ...accepted,
    clean: z.boolean(),
    violations: z.array(z.object({ check: z.string(), subject: z.string(), found: object })),
    accounts: whole,
    transactions: whole,
    issued: amount,
    spent: amount,
  }),
  denials: [accountNotFound],
})

export const ledgerStats = describeFunction({
  name: 'ledger_stats',
  args: {},
  answer: z.object({
    ...accepted,
    accounts: whole,
    frozen: whole,
    in_debt: whole,
    held: amount,
    balance: amount,
    open_holds: whole,
    due_holds: whole,
    oldest_due_s: z.number(),
    transactions: whole,
    sealed_tx: whole,
    sealed_at: z.nullable(instant),
    alerts: whole,
  }),
})

export const ledgerExpireDue = describeFunction({
  name: 'ledger_expire_due',
  args: { limit },
  answer: z.object({ ...accepted, expired: whole }),
})

export const ledgerPublish = describeFunction({
  name: 'ledger_publish',
  args: { limit },
  answer: z.object({ ...accepted, published: whole, more: z.boolean() }),
})

export const ledgerRebalanceDue = describeFunction({
  name: 'ledger_rebalance_due',
  args: { atBasisPoints: optional(named('p_at_bp', integer)), limit },
  answer: z.object({
    ...accepted,
    at: instant,
    due: z.array(z.object({ parent: z.string(), budget: z.string() })),
  }),
})

/** `busy`: another process is sealing. */
export const ledgerSeal = describeFunction({
  name: 'ledger_seal',
  args: { limit },
  answer: z.object({
    ...accepted,
    sealed: whole,
    busy: z.optional(z.boolean()),
    last_tx: z.optional(whole),
    hash: z.optional(z.string()),
  }),
})

export const ledgerVerify = describeFunction({
  name: 'ledger_verify',
  args: { from: optional(bigint) },
  answer: z.union([
    z.object({
      ...accepted,
      valid: z.literal(true),
      blocks: whole,
      transactions: whole,
      head: z.nullable(z.string()),
      last_tx: z.nullable(whole),
    }),
    z.object({
      ...accepted,
      valid: z.literal(false),
      blocks: whole,
      bad_block: z.object({ id: whole, first_tx: whole, last_tx: whole, sealed_at: instant, fault: z.string() }),
    }),
  ]),
})
