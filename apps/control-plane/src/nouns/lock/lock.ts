import { acquireLock, listLocks, releaseLock, renewLock } from '@core/api'
import { callable, lockAcquire, lockList, lockRelease, lockRenew, lockSweep } from '@core/api/functions'
import { forward, forwardPage } from '../../http/forward.ts'
import type { CreateNoun } from '../../process/noun.ts'
import { untilNoneLeft } from '../../process/until-none-left.ts'
import { registerLockMetrics } from './metrics.ts'

const sweepEveryMs = 60_000
const sweptAtOnce = 1_000

/** One holder at a time for a name. */
export const lock: CreateNoun = ({ database, unguarded, logger, clock }) => ({
  routes: [
    forward(
      acquireLock,
      lockAcquire,
      ({ project, query: { owner = project }, body: { ttlSeconds: ttlS, ...body } }) => ({
        ...body,
        ttlS,
        project: owner,
      }),
    ),
    forward(renewLock, lockRenew, ({ project, query: { owner = project }, body: { ttlSeconds: ttlS, ...body } }) => ({
      ...body,
      ttlS,
      project: owner,
    })),
    forward(releaseLock, lockRelease, ({ project, query: { owner = project }, body }) => ({ ...body, project: owner })),
    forwardPage(listLocks, lockList, 'locks', ({ project, query: { limit, cursor: after } }) => ({
      after,
      limit,
      project,
    })),
  ],
  loops: [
    {
      name: 'sweep locks',
      everyMs: sweepEveryMs,
      work(signal) {
        const sweep = callable(database, lockSweep)
        return untilNoneLeft(sweptAtOnce, signal, async () => (await sweep({ limit: sweptAtOnce }, { signal })).swept)
      },
    },
  ],
  metrics: (registry) => registerLockMetrics({ registry, database: unguarded, logger, clock }),
  denials: {
    lock_held: ({ name, holder }) => `the lock ${name} is held by ${holder ?? 'another process'}`,
    lock_lost: ({ name }) => `the lock ${name} is lost`,
  },
})
