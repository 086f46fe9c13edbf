import { z } from 'zod'

// What the manifest and the health of projects have in common.

export const healthFactorField = z.enum(['freshness', 'errors', 'latency', 'credits', 'backlog'])
export const statusField = z
  .enum(['starting', 'online', 'degraded', 'maintenance', 'offline'])
  .describe('That of its best live session; offline without any')
export const scoreField = z.int().nullable().describe('0 to 100; null: no process of it was ever seen')
export const worstField = healthFactorField.nullable().describe('The factor that costs most; null: nothing is short')

const points = z.int().nullable().describe('0 to 100; null: unknown')

export const healthFiguresField = z
  .object({
    hung: z.int().describe('Sessions that beat but get nothing done'),
    requests: z.int().describe('Requests of the last minute'),
    errors: z.int().describe('How many of them failed'),
    p95Ms: z.number().nullable().describe('The worst of its sessions'),
    targetP95Ms: z.number().nullable().describe('The strictest of its sessions'),
    backlog: z.int().describe('Work that waits in its processes and its queues'),
    credits: z.int().nullable().describe('Micro-credits that it may still spend; null: it has no account'),
    headroom: z.number().nullable().describe('The least rest of its budgets as a part of the cap; null: no budgets'),
    worst: z.array(healthFactorField).describe('The factors that cost points, the most first'),
    factors: z
      .object({ freshness: points, errors: points, latency: points, credits: points, backlog: points })
      .describe('Each from 0 to 100; null: unknown, and not counted'),
  })
  .nullable()
  .describe('null: of another project that does not share them')

export const healthFiguresExample = {
  hung: 0,
  requests: 120,
  errors: 1,
  p95Ms: 40,
  targetP95Ms: 50,
  backlog: 0,
  credits: 9_500_000,
  headroom: 0.95,
  worst: ['errors' as const],
  factors: { freshness: 100, errors: 83, latency: 100, credits: 100, backlog: 100 },
}
