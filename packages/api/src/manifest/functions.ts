import { z } from 'zod/mini'
import { accepted, anything, instant, whole } from '../contract/answer-field.ts'
import { integer, optional, text, texts } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'
import { healthFigures, healthStatus, worstFactor } from '../contract/health-answer.ts'

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
        status: healthStatus,
        since: z.nullable(instant),
        last_beat_at: z.nullable(instant),
        sessions: whole,
        score: z.nullable(whole),
        worst: worstFactor,
        /** null: not shared with the caller. */
        figures: z.nullable(healthFigures),
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

export const manifestPlace = describeFunction({
  name: 'manifest_place',
  args: { capabilities: optional(texts), limit: optional(integer) },
  answer: z.object({
    ...accepted,
    places: z.array(
      z.object({ project: z.string(), fit: whole, status: healthStatus, score: whole, reasons: z.array(z.string()) }),
    ),
  }),
})
