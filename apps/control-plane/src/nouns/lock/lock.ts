import { acquireLock, listLocks, releaseLock, renewLock } from '@core/api'
import { callable, lockAcquire, lockList, lockRelease, lockRenew, lockSweep } from '@core/api/functions'
import { forward, forwardPage } from '../../http/forward.ts'
import type { CreateNoun } from '../../process/noun.ts'

const sweepEveryMs = 60_000

/** One holder at a time for a name. */
export const lock: CreateNoun = ({ database }) => ({
  routes: [
    forward(acquireLock, lockAcquire, ({ project, body: { ttlSeconds: ttlS, ...body } }) => ({
      ...body,
      ttlS,
      project,
    })),
    forward(renewLock, lockRenew, ({ project, body: { ttlSeconds: ttlS, ...body } }) => ({ ...body, ttlS, project })),
    forward(releaseLock, lockRelease, ({ project, body }) => ({ ...body, project })),
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
      work: async (signal) => (await callable(database, lockSweep)({}, { signal })).swept,
    },
  ],
  denials: {
    lock_held: ({ name, holder }) => `the lock ${name} is held by ${holder ?? 'another process'}`,
    lock_lost: ({ name }) => `the lock ${name} is lost`,
  },
})
