import { z } from 'zod/mini'
import { anything, instant, object, whole } from '../../contract/answer-field.ts'
import { bigint, flag, integer, json, named, oneOf, optional, text, uuid } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import {
  accountFrozen,
  accountNotFound,
  amount,
  budgetExhausted,
  holdClosed,
  insufficientCredits,
  overCapture,
  posted,
  purse,
} from './answer.ts'

const key = text
const account = text
const hold = uuid
const ttlSeconds = optional(named('p_ttl_s', integer))
const metadata = optional(json)

export const ledgerReserve = describeFunction({
  name: 'ledger_reserve',
  args: {
    key,
    account,
    amount: bigint,
    hold: optional(uuid),
    min: optional(bigint),
    ttlSeconds,
    over: optional(oneOf('overflow', 'cap', 'reject')),
    metadata,
  },
  answer: z.object({ ...posted, hold: z.string(), granted: amount, expires_at: instant }),
  denials: [insufficientCredits, budgetExhausted, accountNotFound, accountFrozen],
})

export const ledgerExtend = describeFunction({
  name: 'ledger_extend',
  args: { key, hold, add: optional(bigint), min: optional(bigint), ttlSeconds },
  answer: z.object({ ...posted, hold: z.string(), granted: amount, amount, expires_at: instant }),
  denials: [insufficientCredits, budgetExhausted, accountFrozen, holdClosed],
})

export const ledgerCapture = describeFunction({
  name: 'ledger_capture',
  args: { key, hold, amount: bigint },
  answer: z.object({ ...posted, hold: z.string(), charged: amount, captured: amount, rest: amount }),
  denials: [holdClosed, overCapture],
})

export const ledgerSettle = describeFunction({
  name: 'ledger_settle',
  args: { key, hold, amount: optional(bigint), metadata },
  answer: z.object({
    ...posted,
    status: z.literal(['settled', 'settled_late']),
    hold: z.string(),
    charged: amount,
    released: amount,
    uncollected: amount,
    flags: z.array(z.literal(['late', 'estimated', 'overflow', 'uncollected'])),
  }),
  denials: [holdClosed, overCapture],
})

export const ledgerVoid = describeFunction({
  name: 'ledger_void',
  args: { key, hold, reason: optional(text) },
  answer: z.object({ ...posted, status: z.literal('voided'), hold: z.string(), released: amount }),
  denials: [holdClosed],
})

export const ledgerCharge = describeFunction({
  name: 'ledger_charge',
  args: { key, account, amount: bigint, metadata },
  answer: z.object({ ...posted, account: z.string(), charged: amount }),
  denials: [insufficientCredits, budgetExhausted, accountNotFound, accountFrozen],
})

export const ledgerGrant = describeFunction({
  name: 'ledger_grant',
  args: { key, account, amount: bigint, reason: optional(text), metadata },
  answer: z.object({ ...posted, account: z.string(), amount }),
  denials: [accountNotFound, accountFrozen],
})

export const ledgerTransfer = describeFunction({
  name: 'ledger_transfer',
  args: { key, from: account, to: account, amount: bigint, mode: optional(oneOf('exact', 'up_to')) },
  answer: z.object({ ...posted, from: z.string(), to: z.string(), moved: amount, to_balance: z.object(purse) }),
  denials: [insufficientCredits, accountNotFound, accountFrozen],
})

export const ledgerRefund = describeFunction({
  name: 'ledger_refund',
  args: { key, tx: bigint, amount: optional(bigint) },
  answer: z.object({ ...posted, account: z.string(), refunded: amount, refunds: whole, left: amount }),
})

export const ledgerRefundHold = describeFunction({
  name: 'ledger_refund_hold',
  args: { key, hold, amount: optional(bigint) },
  answer: z.object({
    ...posted,
    account: z.string(),
    hold: z.string(),
    refunded: amount,
    left: amount,
    refunds: z.array(z.object({ tx: whole, refunds: whole, refunded: amount })),
  }),
})

/** Each result is that of the function which does the same alone, or a misuse of it. */
const batch = {
  args: { ops: json, atomic: optional(flag) },
  answer: z.object({ ok: z.literal(true), results: z.array(anything) }),
  denials: [z.object({ ok: z.literal(false), code: z.literal('batch_denied'), results: z.array(anything) })],
} as const

export const ledgerBatch = describeFunction({ name: 'ledger_batch', ...batch })
/** The same, faster for callers that read text anyway. */
export const ledgerBatchJson = describeFunction({ name: 'ledger_batch_json', ...batch })

/** What a misuse is in a batch, where it fails its own operation alone. */
export const batchMisuse = z.object({
  ok: z.literal(false),
  code: z.string(),
  error: z.object({
    sqlstate: z.string(),
    message: z.string(),
    fix: z.optional(z.nullable(z.string())),
    details: object,
  }),
})
