import { z } from 'zod/mini'
import { accepted, anything, denial, instant, whole } from '../contract/answer-field.ts'
import {
  bigint,
  bigints,
  flag,
  integer,
  interval,
  json,
  nullable,
  oneOf,
  optional,
  text,
  uuid,
  uuids,
} from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

/** Without one, the project of the claims. */
const project = optional(text)
const held = { deliveries: uuids, fences: bigints }

const message = {
  message: z.string(),
  from: z.string(),
  to: z.string(),
  type: z.string(),
  payload: anything,
  priority: z.literal(['critical', 'high', 'normal', 'low']),
  ordered: z.boolean(),
  awaits_reply: z.boolean(),
  reply_to: z.nullable(z.string()),
  sent_at: instant,
  expires_at: instant,
}
const delivery = {
  delivery: z.nullable(z.string()),
  recipient: z.nullable(z.string()),
  status: z.literal(['ready', 'delayed', 'waiting', 'leased', 'acked', 'dead', 'sent']),
  reason: z.nullable(z.literal(['attempts', 'expired', 'rejected'])),
  attempt: whole,
  max_attempts: whole,
  error: z.nullable(z.string()),
  holder: z.nullable(z.string()),
  leased_until: z.nullable(instant),
  ended_at: z.nullable(instant),
}
const received = {
  ...message,
  delivery: z.string(),
  attempt: whole,
  max_attempts: whole,
  fence: whole,
  leased_until: instant,
}
const boundReached = denial('bound_reached', { bound: z.string(), limit: whole })

export const messageSend = describeFunction({
  name: 'message_send',
  args: {
    key: text,
    type: text,
    to: nullable(optional(text)),
    payload: optional(json),
    priority: optional(oneOf('critical', 'high', 'normal', 'low')),
    ttlS: optional(integer),
    replyTo: nullable(optional(uuid)),
    ordered: optional(flag),
    await: optional(flag),
    maxAttempts: optional(integer),
    project,
  },
  answer: z.object({
    ...accepted,
    replayed: z.boolean(),
    message: z.string(),
    recipients: whole,
    skipped: whole,
    sent_at: instant,
    expires_at: instant,
  }),
  denials: [
    boundReached,
    denial('reply_given', { message: z.string() }),
    denial('reply_late', { message: z.string() }),
  ],
})

export const messageReceive = describeFunction({
  name: 'message_receive',
  args: { limit: optional(integer), visibleS: optional(integer), holder: nullable(optional(text)), project },
  answer: z.object({ ...accepted, messages: z.array(z.object(received)) }),
})

export const messageAck = describeFunction({
  name: 'message_ack',
  args: { ...held, project },
  answer: z.object({ ...accepted, acked: whole, lost: z.array(z.string()) }),
})

export const messageExtend = describeFunction({
  name: 'message_extend',
  args: { ...held, visibleS: optional(integer), project },
  answer: z.object({ ...accepted, held: whole, lost: z.array(z.string()) }),
})

export const messageNack = describeFunction({
  name: 'message_nack',
  args: {
    delivery: uuid,
    fence: bigint,
    error: nullable(optional(text)),
    outcome: optional(oneOf('retry', 'dead', 'release')),
    delayMs: nullable(optional(bigint)),
    project,
  },
  answer: z.object({ ...accepted, delivery: z.string(), status: z.literal(['ready', 'delayed', 'dead']) }),
  denials: [denial('message_stale', { delivery: z.string() })],
})

export const messageRetry = describeFunction({
  name: 'message_retry',
  args: { delivery: uuid, project },
  answer: z.object({ ...accepted, delivery: z.string(), retried: z.boolean() }),
})

export const messageGet = describeFunction({
  name: 'message_get',
  args: { message: uuid, project },
  answer: z.object({ ...accepted, ...message, deliveries: z.array(z.object(delivery)) }),
})

export const messageReply = describeFunction({
  name: 'message_reply',
  args: { message: uuid, project },
  answer: z.object({
    ...accepted,
    message: z.string(),
    status: z.literal(['waiting', 'replied', 'late', 'dead']),
    error: z.nullable(z.string()),
    reply: z.nullable(z.object(message)),
  }),
})

export const messageList = describeFunction({
  name: 'message_list',
  args: {
    box: optional(oneOf('inbox', 'acked', 'dead', 'sent')),
    type: nullable(optional(text)),
    with: nullable(optional(text)),
    before: optional(uuid),
    limit: optional(integer),
    project,
  },
  answer: z.object({
    ...accepted,
    messages: z.array(z.object({ ...message, ...delivery })),
    next: z.nullable(z.string()),
  }),
})

export const messageStats = describeFunction({
  name: 'message_stats',
  args: { project },
  answer: z.object({
    ...accepted,
    ready: whole,
    delayed: whole,
    waiting: whole,
    leased: whole,
    dead: whole,
    oldest_at: z.nullable(instant),
    counted_at: instant,
  }),
})

const subscription = { owner: z.string(), topic: z.string(), since: instant }

export const topicSubscribe = describeFunction({
  name: 'topic_subscribe',
  args: { topic: text, project },
  answer: z.object({ ...accepted, ...subscription }),
  denials: [boundReached],
})

export const topicUnsubscribe = describeFunction({
  name: 'topic_unsubscribe',
  args: { topic: text, project },
  answer: z.object({ ...accepted, owner: z.string(), topic: z.string(), removed: z.boolean() }),
})

export const topicList = describeFunction({
  name: 'topic_list',
  args: { project },
  answer: z.object({ ...accepted, topics: z.array(z.object(subscription)) }),
})

export const messageSweep = describeFunction({
  name: 'message_sweep',
  args: { keep: optional(interval), limit: optional(integer) },
  answer: z.object({ ...accepted, refreshed: whole, swept: whole }),
})

export const messageTotals = describeFunction({
  name: 'message_totals',
  args: {},
  answer: z.object({
    ...accepted,
    ready: whole,
    held: whole,
    pending: whole,
    dead_attempts: whole,
    dead_expired: whole,
    dead_rejected: whole,
    oldest_s: z.number(),
  }),
})
