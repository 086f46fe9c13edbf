import { z } from 'zod/mini'
import { accepted, anything, instant, whole } from '../contract/answer-field.ts'
import { integer, optional, text } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

export const manifestRead = describeFunction({
  name: 'manifest',
  args: { after: optional(text), limit: optional(integer) },
  answer: z.object({
    ...accepted,
    projects: z.array(
      z.object({
        project: z.string(),
        version: z.nullable(z.string()),
        capabilities: z.array(anything),
        status: z.enum(['starting', 'online', 'degraded', 'maintenance', 'offline']),
        since: z.nullable(instant),
        last_beat_at: z.nullable(instant),
        sessions: whole,
        /** null: of another project. */
        figures: z.nullable(
          z.object({
            hung: whole,
            requests: whole,
            errors: whole,
            p95_ms: z.nullable(z.number()),
            backlog: whole,
          }),
        ),
      }),
    ),
    next: z.nullable(z.string()),
  }),
})

export const manifestSweep = describeFunction({
  name: 'manifest_sweep',
  args: { limit: optional(integer) },
  answer: z.object({ ...accepted, changed: whole }),
})
