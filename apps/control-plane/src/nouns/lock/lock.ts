import { acquireLock, listLocks, releaseLock, renewLock } from '@core/api'
import { z } from 'zod'
import { serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'
import type { CreateNoun } from '../../process/noun.ts'

const sweepEveryMs = 60_000
const sweptSchema = z.object({ swept: z.int() })

/** One holder at a time for a name. */
export const lock: CreateNoun = ({ database }) => ({
  routes: [
    serve(acquireLock, async ({ project, body: { name, holder, ttlSeconds }, rpc }) =>
      toAnswer(
        200,
        await rpc('lock_acquire', { p_name: name, p_holder: holder, p_ttl_s: ttlSeconds, p_project: project }),
      ),
    ),
    serve(renewLock, async ({ project, body: { name, fence, ttlSeconds }, rpc }) =>
      toAnswer(200, await rpc('lock_renew', { p_name: name, p_fence: fence, p_ttl_s: ttlSeconds, p_project: project })),
    ),
    serve(releaseLock, async ({ project, body: { name, fence }, rpc }) =>
      toAnswer(200, await rpc('lock_release', { p_name: name, p_fence: fence, p_project: project })),
    ),
    serve(listLocks, async ({ project, query: { limit, cursor }, rpc }) =>
      toPage('locks', await rpc('lock_list', { p_after: cursor ?? null, p_limit: limit, p_project: project })),
    ),
  ],
  loops: [
    {
      name: 'sweep locks',
      everyMs: sweepEveryMs,
      work: async (signal) => sweptSchema.parse(await database.rpc('lock_sweep', {}, { signal })).swept,
    },
  ],
  denials: {
    lock_held: ({ name, holder }) => `the lock ${name} is held by ${holder ?? 'another process'}`,
    lock_lost: ({ name }) => `the lock ${name} is lost`,
  },
})
