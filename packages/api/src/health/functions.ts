import { z } from 'zod/mini'
import { accepted, instant as at, whole } from '../contract/answer-field.ts'
import { instant, integer, interval, json, optional, text, texts } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'
import { healthFigures, healthStatus, worstFactor } from '../contract/health-answer.ts'

const project = optional(text)

const system = z.object({
  score: z.nullable(whole),
  projects: whole,
  poor: whole,
  sampled_at: z.nullable(at),
})

export const healthList = describeFunction({
  name: 'health_list',
  args: { after: project, limit: optional(integer) },
  answer: z.object({
    ...accepted,
    projects: z.array(
      z.object({
        project: z.string(),
        criticality: z.string(),
        status: healthStatus,
        score: z.nullable(whole),
        worst: worstFactor,
        last_beat_at: z.nullable(at),
        sessions: whole,
        /** null: not shared with the caller. */
        figures: z.nullable(healthFigures),
      }),
    ),
    next: z.nullable(z.string()),
    system,
  }),
})

const policy = {
  project: z.string(),
  weights: z.object({ freshness: whole, errors: whole, latency: whole, credits: whole, backlog: whole }),
  criticality: z.literal(['none', 'low', 'normal', 'high', 'critical']),
  target_p95_ms: z.nullable(z.number()),
  max_error_rate: z.number(),
  target_backlog: z.number(),
  low_credits: z.nullable(whole),
  updated_at: z.nullable(at),
  updated_by: z.nullable(z.string()),
  etag: z.string(),
}

export const healthPolicyGet = describeFunction({
  name: 'health_policy_get',
  args: { project },
  answer: z.object({ ...accepted, ...policy }),
})

export const healthPolicySet = describeFunction({
  name: 'health_policy_set',
  args: { policy: json, project, ifMatch: optional(texts) },
  answer: z.object({ ...accepted, ...policy }),
})

export const healthHistory = describeFunction({
  name: 'health_history',
  args: { period: optional(text), before: optional(instant), limit: optional(integer), project },
  answer: z.object({
    ...accepted,
    project: z.string(),
    period: z.string(),
    samples: z.array(z.object({ at, samples: whole, score: whole, least: whole, most: whole })),
    next: z.nullable(at),
  }),
})

export const healthSample = describeFunction({
  name: 'health_sample',
  args: {
    everyS: optional(integer),
    keepMinutes: optional(interval),
    keepHours: optional(interval),
    limit: optional(integer),
  },
  answer: z.object({ ...accepted, sampled: whole, forgotten: whole }),
})

export const healthStats = describeFunction({
  name: 'health_stats',
  args: {},
  answer: z.object({
    ...accepted,
    system,
    lowest: z.nullable(whole),
    good: whole,
    fair: whole,
    poor: whole,
    unknown: whole,
    samples: whole,
  }),
})
