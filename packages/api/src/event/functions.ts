import { z } from 'zod/mini'
import { accepted, whole } from '../contract/answer-field.ts'
import { bigint, integer, interval, optional, texts } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'
import { outboxEvent } from '../contract/outbox-event.ts'

/** The events after a number; -1 asks for none, only where the end is. */
export const eventPoll = describeFunction({
  name: 'event_poll',
  args: { after: bigint, limit: optional(integer), topics: optional(texts) },
  answer: z.object({
    ...accepted,
    epoch: z.string(),
    head: whole,
    oldest: whole,
    events: z.array(outboxEvent),
  }),
})

export const eventTrim = describeFunction({
  name: 'event_trim',
  args: { keep: optional(interval), limit: optional(integer) },
  answer: z.object({ ...accepted, trimmed: whole }),
})
