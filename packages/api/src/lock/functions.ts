import { z } from 'zod/mini'
import { accepted, denial, instant, whole } from '../contract/answer-field.ts'
import { bigint, integer, optional, text } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

/** Without one, the project of the claims. */
const project = optional(text)
const lock = { name: z.string(), holder: z.string(), fence: whole, acquired_at: instant, ends_at: instant }

export const lockAcquire = describeFunction({
  name: 'lock_acquire',
  args: { name: text, holder: text, ttlS: optional(integer), project },
  answer: z.object({ ...accepted, ...lock }),
  denials: [
    denial('lock_held', { name: z.string(), holder: z.nullable(z.string()), ends_at: z.nullable(instant) }),
    denial('bound_reached', { bound: z.string(), limit: whole }),
  ],
})

export const lockRenew = describeFunction({
  name: 'lock_renew',
  args: { name: text, fence: bigint, ttlS: optional(integer), project },
  answer: z.object({ ...accepted, ...lock }),
  denials: [denial('lock_lost', { name: z.string(), fence: whole })],
})

export const lockRelease = describeFunction({
  name: 'lock_release',
  args: { name: text, fence: bigint, project },
  answer: z.object({ ...accepted, released: z.boolean() }),
})

export const lockList = describeFunction({
  name: 'lock_list',
  args: { after: optional(text), limit: optional(integer), project },
  answer: z.object({ ...accepted, locks: z.array(z.object(lock)), next: z.nullable(z.string()) }),
})

export const lockSweep = describeFunction({
  name: 'lock_sweep',
  args: { limit: optional(integer) },
  answer: z.object({ ...accepted, swept: whole }),
})

export const lockTotals = describeFunction({
  name: 'lock_totals',
  args: {},
  answer: z.object({ ...accepted, held: whole, oldest_s: z.number() }),
})
