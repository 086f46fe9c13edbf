import { z } from 'zod/mini'
import { whole } from './answer-field.ts'

const points = z.nullable(whole)

/** What is behind the health of a project, as functions of the database answer it. */
export const healthFigures = z.object({
  hung: whole,
  requests: whole,
  errors: whole,
  p95_ms: z.nullable(z.number()),
  target_p95_ms: z.nullable(z.number()),
  backlog: whole,
  credits: points,
  headroom: z.nullable(z.number()),
  worst: z.array(z.literal(['freshness', 'errors', 'latency', 'credits', 'backlog'])),
  factors: z.object({ freshness: points, errors: points, latency: points, credits: points, backlog: points }),
})

export const healthStatus = z.literal(['starting', 'online', 'degraded', 'maintenance', 'offline'])
export const worstFactor = z.nullable(z.literal(['freshness', 'errors', 'latency', 'credits', 'backlog']))
