import { listManifest, placeWork } from '@core/api'
import { callable, manifestSweep } from '@core/api/functions'
import { serve } from '../../http/bound-route.ts'
import { callForFleet } from '../../http/call-for-fleet.ts'
import { toAnswer } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'
import type { CreateNoun } from '../../process/noun.ts'

const sweepEveryMs = 5_000

/** What every project is and how it is doing. */
export const manifest: CreateNoun = ({ database }) => ({
  routes: [
    serve(listManifest, async ({ query: { limit, cursor }, ...context }) =>
      toPage('projects', await callForFleet(context)('manifest', { p_after: cursor ?? null, p_limit: limit })),
    ),
    serve(placeWork, async ({ query: { capabilities, limit }, ...context }) => {
      const p_capabilities = capabilities.split(',').filter((name) => name !== '')
      return toAnswer(200, await callForFleet(context)('manifest_place', { p_capabilities, p_limit: limit }))
    }),
  ],
  loops: [
    {
      name: 'follow the manifest',
      everyMs: sweepEveryMs,
      work: async (signal) => (await callable(database, manifestSweep)({}, { signal })).changed,
    },
  ],
})
