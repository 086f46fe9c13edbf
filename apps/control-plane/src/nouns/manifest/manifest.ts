import { listManifest } from '@core/api'
import { z } from 'zod'
import { type RouteContext, serve } from '../../http/bound-route.ts'
import { toPage } from '../../http/page.ts'
import type { CreateNoun } from '../../process/noun.ts'

const sweepEveryMs = 5_000

const changedSchema = z.object({ changed: z.int() })

/** What every project is and how it is doing. */
export const manifest: CreateNoun = ({ database }) => ({
  routes: [
    serve(listManifest, async ({ query: { limit, cursor }, ...context }) =>
      toPage('projects', await callFor(context)('manifest', { p_after: cursor ?? null, p_limit: limit })),
    ),
  ],
  loops: [
    {
      name: 'follow the manifest',
      everyMs: sweepEveryMs,
      work: async (signal) => changedSchema.parse(await database.rpc('manifest_sweep', {}, { signal })).changed,
    },
  ],
})

/** A user of several projects reads it as one of the first: it is the same for all, except the figures. */
function callFor({ principal: { project, roles }, rpc, rpcUnbound, within }: RouteContext): RouteContext['rpc'] {
  if (project === undefined) return rpcUnbound
  const [first] = [...(roles?.keys() ?? [])].filter((name) => name !== null)
  return project === '' && first !== undefined ? within(first) : rpc
}
