import { listAllErrors, listErrors, markAnyError, markError } from '@core/api'
import { callable, errorList, errorUpdate } from '@core/api/functions'
import { type RouteContext, serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { forward, forwardPage } from '../../http/forward.ts'
import { toPage } from '../../http/page.ts'

/** For all but the owner the database answers as if it did not exist: other projects' errors are not theirs. */
function beyondProjects({ principal, rpc, rpcUnbound }: RouteContext): Pick<RouteContext, 'rpc'> {
  return { rpc: principal.project === undefined ? rpcUnbound : rpc }
}

export const errorGroupRoutes = [
  forwardPage(listErrors, errorList, 'errors', ({ project, query: { cursor, status, limit } }) => ({
    project,
    after: cursor,
    status,
    limit,
  })),
  forward(markError, errorUpdate, ({ project, params: { id }, body: { status } }) => ({ project, id, status })),
  serve(listAllErrors, async ({ query: { cursor, status, limit }, ...context }) =>
    toPage('errors', await callable(beyondProjects(context), errorList)({ after: cursor, status, limit })),
  ),
  serve(markAnyError, async ({ params: { id }, body: { status }, ...context }) =>
    toAnswer(200, await callable(beyondProjects(context), errorUpdate)({ id, status })),
  ),
]
