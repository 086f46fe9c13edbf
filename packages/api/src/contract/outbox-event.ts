import { z } from 'zod/mini'
import { instant, object, whole } from './answer-field.ts'

/** An event as the outbox keeps it. */
export const outboxEvent = z.object({
  seq: whole,
  topic: z.string(),
  project: z.nullable(z.string()),
  type: z.string(),
  data: object,
  at: instant,
  /** Of events that carry a state: what it is the state of. A newer one replaces it. */
  state_key: z.nullable(z.string()),
})
