import {
  explainModelRoute,
  getModelCallContent,
  listModelCalls,
  listModelRoutes,
  listProviders,
  removeModelRoute,
  removeProvider,
  setModelRoute,
  setProvider,
} from '@core/api'
import {
  callable,
  providerList,
  providerRemove,
  providerSet,
  routeList,
  routeRemove,
  routerCalls,
  routerContent,
  routeSet,
} from '@core/api/functions'
import type { Clock } from '@core/foundation'
import { findRouteFaults, type NamedPrices, type Router, type Routing } from '@core/router'
import { requireOwner } from '../../auth/system-calls.ts'
import { type BoundRoute, type CoreAnswer, type RouteAnswer, type RouteContext, serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { forward, forwardPage } from '../../http/forward.ts'
import { notFound } from '../../http/problem-error.ts'
import type { CallContents } from './call-contents.ts'
import { requireReachable } from './require-reachable.ts'

interface RouterRoutes {
  readonly explain: Router['explain']
  /** Reads what this process has just changed. */
  readonly refresh: () => Promise<unknown>
  readonly routing: () => Routing | Promise<Routing>
  readonly prices: (project: string) => NamedPrices | Promise<NamedPrices>
  readonly clock: Clock
  readonly contents: Pick<CallContents, 'open' | 'requireKey'>
}

export function routerRoutes({
  explain,
  refresh,
  routing,
  prices,
  clock,
  contents,
}: RouterRoutes): readonly BoundRoute[] {
  /** Of the project; `shared` is for every project, and the owner's alone. */
  async function change(
    context: RouteContext & { readonly query: { readonly shared: 'true' | 'false' } },
    call: (rpc: RouteContext['rpc']) => Promise<CoreAnswer>,
  ): Promise<RouteAnswer> {
    const answer = await call(context.query.shared === 'true' ? requireOwner(context) : context.rpc)
    await refresh()
    return toAnswer(200, answer)
  }

  return [
    forward(listProviders, providerList, ({ project }) => ({ project })),
    serve(setProvider, ({ body, params: { name }, ...context }) =>
      change(context, (rpc) => callable({ rpc }, providerSet)({ ...body, name, ifMatch: context.ifMatch })),
    ),
    serve(removeProvider, ({ params: { name }, ...context }) =>
      change(context, (rpc) => callable({ rpc }, providerRemove)({ name })),
    ),
    forwardPage(listModelRoutes, routeList, 'routes', ({ project, query: { cursor, limit } }) => ({
      project,
      after: cursor,
      limit,
    })),
    serve(setModelRoute, ({ body, params: { name }, ...context }) =>
      change(context, async (rpc) => {
        if (body.policy.log === 'content') contents.requireKey()
        await refresh()
        const project = context.query.shared === 'true' ? null : context.project
        const known = { prices: await prices(context.project), at: new Date(clock.now()) }
        requireReachable(findRouteFaults(await routing(), { project, targets: body.targets }, known))
        return await callable({ rpc }, routeSet)({ ...body, name, ifMatch: context.ifMatch })
      }),
    ),
    serve(removeModelRoute, ({ params: { name }, ...context }) =>
      change(context, (rpc) => callable({ rpc }, routeRemove)({ name })),
    ),
    serve(explainModelRoute, async ({ project, params: { name } }) => {
      const explained = await explain(project, name)
      if (explained === undefined) throw notFound()
      const { policy, order, skipped, missing } = explained
      return {
        status: 200,
        body: {
          policy,
          order: order.map(({ target: { id }, price, reason }) => ({ target: id, price, reason })),
          skipped: [
            ...skipped.map(({ target: { id }, reason }) => ({ target: id, reason })),
            ...missing.map((provider) => ({ target: provider, reason: 'there is no such provider' })),
          ],
        },
      }
    }),
    forwardPage(listModelCalls, routerCalls, 'calls', ({ project, query: { cursor, limit, ...filter } }) => ({
      project,
      before: cursor,
      limit,
      filter,
    })),
    serve(getModelCallContent, async ({ project, rpc, params: { call } }) => {
      const { content } = await callable({ rpc }, routerContent)({ call })
      if (content === null) throw notFound()
      return { status: 200, body: { call, at: content.at, ...contents.open({ project, call }, content.sealed) } }
    }),
  ]
}
