import { z } from 'zod/mini'
import { accepted, instant, object, whole } from '../../contract/answer-field.ts'
import { bigint, integer, oneOf, optional, text } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { accountNotFound, amount } from './answer.ts'
import { leaseFacts } from './lease.ts'

const page = { account: text, before: optional(bigint), limit: optional(integer) }
const entry = { tx: whole, key: z.string(), actor: z.string() }

/** The latest first; `next` is the cursor of the page before these in time, null on the last one. */
const listOf = <Row extends z.ZodMiniType>(row: Row) =>
  z.object({ ...accepted, rows: z.array(row), next: z.nullable(whole) })

export const ledgerHolds = describeFunction({
  name: 'ledger_holds',
  args: { ...page, status: optional(oneOf('open', 'settled', 'settled_late', 'voided', 'expired')) },
  answer: listOf(
    z.object({
      ...entry,
      hold: z.string(),
      account: z.string(),
      status: z.literal(['open', 'settled', 'settled_late', 'voided', 'expired']),
      amount,
      captured: amount,
      released: amount,
      rest: amount,
      above: amount,
      uncollected: amount,
      over: z.literal(['overflow', 'cap', 'reject']),
      metadata: object,
      opened_at: instant,
      expires_at: instant,
      closed_at: z.nullable(instant),
    }),
  ),
  denials: [accountNotFound],
})

export const ledgerLeases = describeFunction({
  name: 'ledger_leases',
  args: page,
  answer: listOf(z.object({ ...entry, ...leaseFacts })),
  denials: [accountNotFound],
})

export const ledgerCharges = describeFunction({
  name: 'ledger_charges',
  args: page,
  answer: listOf(
    z.object({ ...entry, account: z.string(), at: instant, charged: amount, refunded: amount, metadata: object }),
  ),
  denials: [accountNotFound],
})

export const ledgerRefunds = describeFunction({
  name: 'ledger_refunds',
  args: page,
  answer: listOf(
    z.object({
      ...entry,
      account: z.string(),
      at: instant,
      refunded: amount,
      /** The tx of the charge that was given back; of a hold the settle's. */
      refunds: z.nullable(whole),
      hold: z.nullable(z.string()),
    }),
  ),
  denials: [accountNotFound],
})
