import { decideInsight, getInsight, listInsights, removeInsight, shareInsight } from '@core/api'
import { callable, insightDecide, insightGet, insightRemove, insightShare, insightSweep } from '@core/api/functions'
import { serve } from '../../http/bound-route.ts'
import { forward } from '../../http/forward.ts'
import { toPage } from '../../http/page.ts'
import type { CreateNoun } from '../../process/noun.ts'
import { registerInsightMetrics } from './metrics.ts'

const sweepEveryMs = 3_600_000

/** What projects have learnt, and what came of it elsewhere. */
export const insight: CreateNoun = ({ database, unguarded, logger, clock }) => ({
  routes: [
    forward(shareInsight, insightShare, ({ project, idempotencyKey: key, body }) => ({ ...body, key, project })),
    serve(listInsights, async ({ project, query: { category, author, open, limit, cursor }, rpc }) =>
      toPage(
        'insights',
        await rpc('insight_list', {
          p_category: category ?? null,
          p_author: author ?? null,
          p_open: open === 'true',
          p_after: cursor ?? null,
          p_limit: limit,
          p_project: project,
        }),
      ),
    ),
    forward(getInsight, insightGet, ({ project, params: { id } }) => ({ insight: id, project })),
    forward(decideInsight, insightDecide, ({ project, params: { id }, body }) => ({ ...body, insight: id, project })),
    forward(removeInsight, insightRemove, ({ project, params: { id } }) => ({ insight: id, project })),
  ],
  loops: [
    {
      name: 'sweep insights',
      everyMs: sweepEveryMs,
      work: async (signal) => (await callable(database, insightSweep)({}, { signal })).swept,
    },
  ],
  metrics: (registry) => registerInsightMetrics({ registry, database: unguarded, logger, clock }),
  denials: {
    insight_own: ({ insight: id }) => `the insight ${id} is the project’s own`,
    insight_not_adopted: ({ insight: id }) => `the project has not adopted the insight ${id}`,
  },
})
