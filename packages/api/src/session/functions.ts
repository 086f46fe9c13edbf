import { z } from 'zod/mini'
import { accepted, denial, instant, whole } from '../contract/answer-field.ts'
import { bigint, integer, json, oneOf, optional, text, uuid } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

/** Without one, the project of the claims. */
const project = optional(text)
const status = oneOf('starting', 'online', 'degraded', 'maintenance')

const session = {
  session: z.string(),
  project: z.string(),
  kind: z.string(),
  name: z.nullable(z.string()),
  version: z.nullable(z.string()),
  status: z.enum(['starting', 'online', 'degraded', 'maintenance']),
  fence: whole,
  ttl_seconds: whole,
  opened_at: instant,
  beat_at: instant,
  progress_at: instant,
  ends_at: instant,
  is_hung: z.boolean(),
  metrics: z.object({
    requests: whole,
    errors: whole,
    p95_ms: z.nullable(z.number()),
    target_p95_ms: z.nullable(z.number()),
    backlog: whole,
  }),
}

/** A project has as many of something as it may. */
export const boundReached = denial('bound_reached', { bound: z.string(), limit: whole })
export const sessionEnded = denial('session_ended', { session: z.string() })

export const sessionOpen = describeFunction({
  name: 'session_open',
  args: {
    key: text,
    fingerprint: text,
    kind: optional(text),
    name: optional(text),
    version: optional(text),
    status: optional(status),
    ttlS: optional(integer),
    project,
  },
  answer: z.object({ ...accepted, replayed: z.boolean(), ...session }),
  denials: [denial('session_live', { session: z.string(), opened_at: instant, beat_at: instant }), boundReached],
})

export const sessionBeat = describeFunction({
  name: 'session_beat',
  args: { session: uuid, status: optional(status), metrics: optional(json), idleMs: optional(bigint), project },
  answer: z.object({ ...accepted, session: z.string(), fence: whole, ends_at: instant }),
  denials: [sessionEnded],
})

const kept = z.object({ at: whole, session: z.string(), fence: whole, ends_at: instant })

export const sessionBeats = describeFunction({
  name: 'session_beats',
  args: { beats: json },
  answer: z.object({ ...accepted, beats: z.array(kept) }),
})

export const sessionClose = describeFunction({
  name: 'session_close',
  args: { session: uuid, project },
  answer: z.object({ ...accepted, closed: z.boolean() }),
})

export const sessionList = describeFunction({
  name: 'session_list',
  args: { after: optional(uuid), limit: optional(integer), project },
  answer: z.object({ ...accepted, sessions: z.array(z.object(session)), next: z.nullable(z.string()) }),
})

export const sessionSweep = describeFunction({
  name: 'session_sweep',
  args: { limit: optional(integer) },
  answer: z.object({ ...accepted, swept: whole }),
})

export const sessionTotals = describeFunction({
  name: 'session_totals',
  args: {},
  answer: z.object({ ...accepted, live: whole, hung: whole, degraded: whole }),
})
