import { z } from 'zod/mini'
import { whole } from '../../contract/answer-field.ts'
import { bigint, named, nullable, oneOf, optional, text } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { accountFrozen, accountNotFound, amount, posted } from './answer.ts'

/** `tx` null: all of it was there already. */
export const ledgerUserEnsure = describeFunction({
  name: 'ledger_user_ensure',
  args: {
    key: text,
    user: text,
    limit: bigint,
    period: optional(oneOf('hour', 'day', 'week', 'month', 'total')),
    timeZone: optional(named('p_tz', text)),
    project: nullable(optional(text)),
  },
  answer: z.object({
    ...posted,
    tx: z.nullable(whole),
    user: z.string(),
    account: z.string(),
    limit: amount,
    period: z.literal(['hour', 'day', 'week', 'month', 'total']),
    tz: z.string(),
  }),
  denials: [accountNotFound, accountFrozen],
})
