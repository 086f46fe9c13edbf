import { decideInsight, getInsight, listInsights, removeInsight, shareInsight } from '@core/api'
import {
  callable,
  insightDecide,
  insightGet,
  insightList,
  insightRemove,
  insightShare,
  insightSweep,
} from '@core/api/functions'
import { forward, forwardPage } from '../../http/forward.ts'
import type { CreateNoun } from '../../process/noun.ts'
import { untilNoneLeft } from '../../process/until-none-left.ts'
import { registerInsightMetrics } from './metrics.ts'

const sweepEveryMs = 3_600_000
const sweptAtOnce = 1_000

/** What projects have learnt, and what came of it elsewhere. */
export const insight: CreateNoun = ({ database, unguarded, logger, clock }) => ({
  routes: [
    forward(shareInsight, insightShare, ({ project, idempotencyKey: key, body }) => ({ ...body, key, project })),
    forwardPage(listInsights, insightList, 'insights', ({ project, query: { open, cursor: after, ...query } }) => ({
      ...query,
      open: open === 'true',
      after,
      project,
    })),
    forward(getInsight, insightGet, ({ project, params: { id } }) => ({ insight: id, project })),
    forward(decideInsight, insightDecide, ({ project, params: { id }, body }) => ({ ...body, insight: id, project })),
    forward(removeInsight, insightRemove, ({ project, params: { id } }) => ({ insight: id, project })),
  ],
  loops: [
    {
      name: 'sweep insights',
      everyMs: sweepEveryMs,
      work(signal) {
        const sweep = callable(database, insightSweep)
        return untilNoneLeft(sweptAtOnce, signal, async () => (await sweep({ limit: sweptAtOnce }, { signal })).swept)
      },
    },
  ],
  metrics: (registry) => registerInsightMetrics({ registry, database: unguarded, logger, clock }),
  denials: {
    insight_own: ({ insight: id }) => `the insight ${id} is the project’s own`,
    insight_not_adopted: ({ insight: id }) => `the project has not adopted the insight ${id}`,
  },
})
