import { z } from 'zod/mini'
import { accepted, instant, whole } from '../../contract/answer-field.ts'
import {
  flag,
  instant as instantArgument,
  integer,
  named,
  nullable,
  oneOf,
  optional,
  text,
  texts,
} from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { accountNotFound, amount } from './answer.ts'

export const ledgerUsage = describeFunction({
  name: 'ledger_usage',
  args: {
    account: text,
    from: instantArgument,
    to: instantArgument,
    bucket: oneOf('hour', 'day', 'week', 'month', 'total'),
    timeZone: optional(named('p_tz', text)),
    children: optional(flag),
    by: optional(texts),
    after: nullable(optional(text)),
    limit: optional(integer),
  },
  answer: z.object({
    ...accepted,
    account: z.string(),
    bucket: z.literal(['hour', 'day', 'week', 'month', 'total']),
    from: instant,
    to: instant,
    tz: z.string(),
    children: z.literal([true, false]),
    by: z.array(z.string()),
    usage: z.array(
      z.object({
        start: instant,
        /** The value for each of `by`, in its order. */
        group: z.array(z.nullable(z.string())),
        charged: amount,
        refunded: amount,
        uncollected: amount,
        charges: whole,
      }),
    ),
    next: z.nullable(z.string()),
  }),
  denials: [accountNotFound],
})
