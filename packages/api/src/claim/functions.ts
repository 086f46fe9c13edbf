import { z } from 'zod/mini'
import { accepted, denial, instant, whole } from '../contract/answer-field.ts'
import { bigint, integer, optional, text, uuid } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

/** Without one, the project of the claims. */
const project = optional(text)
const claim = {
  resource: z.string(),
  mode: z.enum(['exclusive', 'shared']),
  fence: whole,
  holder: z.string(),
  session: z.string(),
  taken_at: instant,
  ends_at: instant,
}

export const claimTake = describeFunction({
  name: 'claim_take',
  args: { key: text, session: uuid, resource: text, mode: optional(text), ttlS: optional(integer), project },
  answer: z.object({ ...accepted, replayed: z.boolean(), ...claim }),
  denials: [
    denial('claim_held', claim),
    denial('session_ended', { session: z.nullable(z.string()) }),
    denial('bound_reached', { bound: z.string(), limit: whole }),
  ],
})

export const claimRenew = describeFunction({
  name: 'claim_renew',
  args: { resource: text, fence: bigint, ttlS: optional(integer), project },
  answer: z.object({ ...accepted, ...claim }),
  denials: [denial('claim_lost', { resource: z.string(), fence: whole })],
})

export const claimRelease = describeFunction({
  name: 'claim_release',
  args: { resource: text, fence: bigint, project },
  answer: z.object({ ...accepted, released: z.boolean() }),
})

export const claimList = describeFunction({
  name: 'claim_list',
  args: { after: optional(bigint), limit: optional(integer), project },
  answer: z.object({ ...accepted, claims: z.array(z.object(claim)), next: z.nullable(whole) }),
})

export const claimSweep = describeFunction({
  name: 'claim_sweep',
  args: { limit: optional(integer) },
  answer: z.object({ ...accepted, swept: whole }),
})

export const claimTotals = describeFunction({
  name: 'claim_totals',
  args: {},
  answer: z.object({ ...accepted, held: whole, oldest_s: z.number() }),
})
