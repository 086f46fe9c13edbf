import { listClaims, releaseClaim, renewClaim, takeClaim } from '@core/api'
import { callable, claimList, claimRelease, claimRenew, claimSweep, claimTake } from '@core/api/functions'
import { forward, forwardPage } from '../../http/forward.ts'
import type { CreateNoun } from '../../process/noun.ts'
import { untilNoneLeft } from '../../process/until-none-left.ts'
import { registerClaimMetrics } from './metrics.ts'

const sweepEveryMs = 60_000
const sweptAtOnce = 1_000

/** Overlapping paths exclude each other. */
export const claim: CreateNoun = ({ database, unguarded, logger, clock }) => ({
  routes: [
    forward(takeClaim, claimTake, ({ project, idempotencyKey: key, query, body: { ttlSeconds: ttlS, ...body } }) => ({
      ...body,
      key,
      ttlS,
      project: query.owner ?? project,
    })),
    forward(renewClaim, claimRenew, ({ project, query, body: { ttlSeconds: ttlS, ...body } }) => ({
      ...body,
      ttlS,
      project: query.owner ?? project,
    })),
    forward(releaseClaim, claimRelease, ({ project, query, body }) => ({ ...body, project: query.owner ?? project })),
    forwardPage(listClaims, claimList, 'claims', ({ project, query: { limit, cursor } }) => ({
      after: cursor === undefined ? undefined : Number(cursor),
      limit,
      project,
    })),
  ],
  loops: [
    {
      name: 'sweep claims',
      everyMs: sweepEveryMs,
      work(signal) {
        const sweep = callable(database, claimSweep)
        return untilNoneLeft(sweptAtOnce, signal, async () => (await sweep({ limit: sweptAtOnce }, { signal })).swept)
      },
    },
  ],
  metrics: (registry) => registerClaimMetrics({ registry, database: unguarded, logger, clock }),
  denials: {
    claim_held: ({ resource, holder }) => `${resource} is claimed by a session of ${holder}`,
    claim_lost: ({ resource }) => `the claim on ${resource} is lost`,
  },
})
