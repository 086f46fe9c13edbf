import { z } from 'zod/mini'
import { accepted, anything, denial, instant } from '../contract/answer-field.ts'
import { flag, json, nullable, optional, text, texts, uuid, uuids } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

/** Without one, the project of the claims. */
const project = optional(text)

export const coordinatorPoll = describeFunction({
  name: 'coordinator_poll',
  args: {
    session: nullable(optional(uuid)),
    beat: nullable(optional(json)),
    messages: nullable(optional(json)),
    tasks: nullable(optional(json)),
    project,
  },
  answer: z.object({
    ...accepted,
    ends_at: z.nullable(instant),
    /** As message_receive answers them. */
    messages: z.array(anything),
    /** As task_settle answers them. */
    settled: z.array(anything),
    /** As task_claim answers them. */
    tasks: z.array(anything),
  }),
  denials: [denial('session_ended', { session: z.string() })],
})

export const coordinatorReady = describeFunction({
  name: 'coordinator_ready',
  args: { inboxes: optional(texts), projects: optional(texts), queues: optional(texts), messages: optional(uuids) },
  answer: z.object({
    ...accepted,
    inboxes: z.array(z.string()),
    /** Messages that have their reply, or will have none. */
    replies: z.array(z.string()),
    queues: z.array(z.object({ project: z.string(), queue: z.string() })),
  }),
})

export const coordinatorWaiting = describeFunction({
  name: 'coordinator_waiting',
  args: { inbox: optional(flag), queues: optional(texts), project },
  answer: z.object({ ...accepted, inbox: z.boolean(), queues: z.array(z.string()) }),
})
