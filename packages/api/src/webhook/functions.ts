import { z } from 'zod/mini'
import { accepted, instant, whole } from '../contract/answer-field.ts'
import { bigint, flag, integer, named, optional, text, texts, uuid } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'
import { outboxEvent } from '../contract/outbox-event.ts'

const webhook = {
  name: z.string(),
  project: z.string(),
  url: z.string(),
  status: z.enum(['active', 'disabled']),
  disabled_reason: z.nullable(z.string()),
  created_at: instant,
  created_by: z.string(),
  updated_at: instant,
  updated_by: z.string(),
  overlap_ends_at: z.nullable(instant),
  topics: z.array(
    z.object({
      topic: z.string(),
      after: whole,
      delivered: whole,
      delivered_at: z.nullable(instant),
      failures: whole,
      failing_since: z.nullable(instant),
      next_attempt_at: z.nullable(instant),
      last_status: z.nullable(whole),
      last_error: z.nullable(z.string()),
    }),
  ),
}
const project = optional(text)
const replayed = z.boolean()

export const webhookPut = describeFunction({
  name: 'webhook_put',
  args: { name: text, url: text, topics: texts, secret: text, enabled: optional(flag), project },
  answer: z.object({ ...accepted, ...webhook, created: z.boolean() }),
})

export const webhookRotate = describeFunction({
  name: 'webhook_rotate',
  args: { key: text, name: text, secret: text, overlapSeconds: optional(named('p_overlap_s', integer)), project },
  answer: z.object({ ...accepted, ...webhook, replayed }),
})

export const webhookReplay = describeFunction({
  name: 'webhook_replay',
  args: { key: text, name: text, after: bigint, topics: optional(texts), project },
  answer: z.object({ ...accepted, ...webhook, replayed }),
})

export const webhookRemove = describeFunction({
  name: 'webhook_remove',
  args: { name: text, project },
  answer: z.object({ ...accepted, ...webhook }),
})

export const webhookList = describeFunction({
  name: 'webhook_list',
  args: { project },
  answer: z.object({ ...accepted, webhooks: z.array(z.object(webhook)) }),
})

/** Topics with events due, what to send, and the secrets to sign it. */
export const webhookClaim = describeFunction({
  name: 'webhook_claim',
  args: {
    limit: optional(integer),
    leaseSeconds: optional(named('p_lease_s', integer)),
    perProject: optional(integer),
  },
  answer: z.object({
    ...accepted,
    lease: z.string(),
    epoch: z.string(),
    head: whole,
    oldest: whole,
    due: z.array(
      z.object({
        webhook: z.string(),
        name: z.string(),
        project: z.string(),
        topic: z.string(),
        url: z.string(),
        failures: whole,
        secrets: z.array(z.string()),
        events: z.array(outboxEvent),
      }),
    ),
  }),
})

/** How the deliveries of a claimed topic ended. */
export const webhookReport = describeFunction({
  name: 'webhook_report',
  args: {
    webhook: uuid,
    topic: text,
    lease: uuid,
    through: bigint,
    delivered: integer,
    status: optional(integer),
    error: optional(text),
    retryAfterSeconds: optional(named('p_retry_after_s', integer)),
  },
  answer: z.object({ ...accepted, accepted: z.boolean(), disabled: z.boolean() }),
})

/** Where a webhook sends to and what signs it. */
export const webhookTarget = describeFunction({
  name: 'webhook_target',
  args: { name: text, project: text },
  answer: z.object({ ...accepted, url: z.string(), secrets: z.array(z.string()) }),
})

/** Secrets of webhooks that another key sealed. */
export const webhookStale = describeFunction({
  name: 'webhook_stale',
  args: { keyId: text, limit: optional(integer) },
  answer: z.object({
    ...accepted,
    secrets: z.array(z.object({ webhook: z.string(), project: z.string(), name: z.string(), sealed: z.string() })),
  }),
})

export const webhookRewrap = describeFunction({
  name: 'webhook_rewrap',
  args: { webhook: uuid, from: text, to: text },
  answer: z.object({ ...accepted, rewrapped: z.boolean() }),
})
