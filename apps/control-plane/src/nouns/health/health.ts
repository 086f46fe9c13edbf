import { getHealthPolicy, listHealth, listHealthSamples, putHealthPolicy } from '@core/api'
import { callable, healthHistory, healthPolicyGet, healthPolicySet, healthSample } from '@core/api/functions'
import { serve } from '../../http/bound-route.ts'
import { callForFleet } from '../../http/call-for-fleet.ts'
import { toAnswer } from '../../http/denial.ts'
import { forward, forwardPage } from '../../http/forward.ts'
import type { CreateNoun } from '../../process/noun.ts'
import { registerHealthMetrics } from './metrics.ts'

const sampleEverySeconds = 60

/** How well every project is doing. */
export const health: CreateNoun = ({ database, unguarded, logger, clock }) => ({
  routes: [
    serve(listHealth, async ({ query: { limit, cursor }, ...context }) => {
      const answer = await callForFleet(context)('health_list', { p_after: cursor ?? null, p_limit: limit })
      return toAnswer(200, {
        ok: true,
        data: answer['projects'],
        page: { next: answer['next'] },
        system: answer['system'],
      })
    }),
    forward(getHealthPolicy, healthPolicyGet, ({ project }) => ({ project })),
    forward(putHealthPolicy, healthPolicySet, ({ project, ifMatch, body }) => ({
      project,
      ifMatch,
      policy: {
        weights: body.weights,
        criticality: body.criticality,
        target_p95_ms: body.targetP95Ms,
        max_error_rate: body.maxErrorRate,
        target_backlog: body.targetBacklog,
        low_credits: body.lowCredits,
      },
    })),
    forwardPage(listHealthSamples, healthHistory, 'samples', ({ project, query: { cursor: before, ...query } }) => ({
      ...query,
      before,
      project,
    })),
  ],
  loops: [
    {
      name: 'sample health',
      everyMs: (sampleEverySeconds * 1000) / 4,
      work: async (signal) =>
        (await callable(database, healthSample)({ everyS: sampleEverySeconds }, { signal })).sampled,
    },
  ],
  metrics: (registry) => registerHealthMetrics({ registry, database: unguarded, logger, clock }),
})
