import { z } from 'zod/mini'
import { accepted, denial, instant, whole } from '../../contract/answer-field.ts'
import { bigint, integer, json, named, text, uuid } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import {
  accountFrozen,
  accountNotFound,
  amount,
  balance,
  budgetExhausted,
  holdClosed,
  insufficientCredits,
  posted,
} from './answer.ts'

const flags = z.array(z.literal(['late', 'overflow', 'uncollected']))

/** A lease as the database has it. */
export const leaseFacts = {
  lease: z.string(),
  account: z.string(),
  device: z.string(),
  status: z.literal(['open', 'expired', 'returned', 'closed']),
  amount,
  reported: amount,
  rest: amount,
  /** The number of the last report. */
  seq: whole,
  flags,
  opened_at: instant,
  expires_at: instant,
  /** When the unreported rest is released. */
  returns_at: instant,
  closed_at: z.nullable(instant),
  /** The database's time of the answer. */
  at: instant,
}

/** More than one lease may take of what is available. */
const leaseLimit = denial('lease_limit', { account: z.string(), ...balance, requested: amount, limit: amount })
/** The number of a report was not the next one. */
const leaseGap = denial('lease_gap', {
  account: z.string(),
  ...balance,
  lease: z.string(),
  seq: whole,
  expected: whole,
})

export const ledgerLeaseOpen = describeFunction({
  name: 'ledger_lease_open',
  args: { key: text, account: text, amount: bigint, ttlSeconds: named('p_ttl_s', integer), device: text },
  answer: z.object({ ...posted, ...leaseFacts }),
  denials: [insufficientCredits, budgetExhausted, accountNotFound, accountFrozen, leaseLimit],
})

export const ledgerLeaseReport = describeFunction({
  name: 'ledger_lease_report',
  args: { lease: uuid, seq: integer, items: json },
  answer: z.object({ ...posted, ...leaseFacts, charged: amount, uncollected: amount }),
  denials: [holdClosed, leaseGap],
})

export const ledgerLeaseClose = describeFunction({
  name: 'ledger_lease_close',
  args: { key: text, lease: uuid },
  answer: z.object({ ...posted, ...leaseFacts, released: amount }),
  denials: [holdClosed],
})

export const ledgerLeaseGet = describeFunction({
  name: 'ledger_lease_get',
  args: { lease: uuid },
  answer: z.object({ ...accepted, ...leaseFacts }),
})
