import { listAllErrors, listErrors, markAnyError, markError } from '@core/api'
import type { CoreArguments } from '../../http/bound-route.ts'
import { type RouteContext, serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'

interface Listing {
  readonly cursor?: string | undefined
  readonly status?: string | undefined
  readonly limit: number
}

function toListing(project: string | null, { cursor, status, limit }: Listing): CoreArguments<'error_list'> {
  return { p_project: project, p_status: status ?? null, p_after: cursor ?? null, p_limit: limit }
}

/** For all but the owner the database answers as if it did not exist: other projects' errors are not theirs. */
function beyondProjects({ principal, rpc, rpcUnbound }: RouteContext): RouteContext['rpc'] {
  return principal.project === undefined ? rpcUnbound : rpc
}

export const errorGroupRoutes = [
  serve(listErrors, async ({ project, query, rpc }) =>
    toPage('errors', await rpc('error_list', toListing(project, query))),
  ),
  serve(markError, async ({ project, params: { id }, body: { status }, rpc }) =>
    toAnswer(200, await rpc('error_update', { p_id: id, p_status: status, p_project: project })),
  ),
  serve(listAllErrors, async ({ query, ...context }) =>
    toPage('errors', await beyondProjects(context)('error_list', toListing(null, query))),
  ),
  serve(markAnyError, async ({ params: { id }, body: { status }, ...context }) =>
    toAnswer(200, await beyondProjects(context)('error_update', { p_id: id, p_status: status, p_project: null })),
  ),
]
