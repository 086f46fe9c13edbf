import { z } from 'zod/mini'
import { accepted, whole } from '../contract/answer-field.ts'
import { bigint, integer, json, optional } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

/** Permits of shared rate limits, for several keys at once. */
export const limitLease = describeFunction({
  name: 'limit_lease',
  args: { wants: json, leaseMs: bigint },
  answer: z.object({
    ...accepted,
    leases: z.array(z.object({ key: z.string(), cell: whole, given: whole, left: whole, reset_ms: whole })),
  }),
})

export const limitTrim = describeFunction({
  name: 'limit_trim',
  args: { limit: optional(integer) },
  answer: z.object({ ...accepted, trimmed: whole }),
})
