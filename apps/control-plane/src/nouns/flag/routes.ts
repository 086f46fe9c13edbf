import { clearFlag, clearFlagForAll, listAllFlags, listFlags, setFlag, setFlagForAll } from '@core/api'
import { callable, flagClear, flagList, flagSet, type JsonArgument } from '@core/api/functions'
import { requireOwner, requireSystemScope } from '../../auth/system-calls.ts'
import { type RouteAnswer, type RouteContext, serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'

export const flagRoutes = [
  serve(listFlags, ({ project, query, rpc }) => list(rpc, query, project)),
  serve(listAllFlags, ({ query, ...context }) => list(requireSystemScope(context), query)),

  serve(setFlag, ({ project, params: { name }, ifMatch, body, rpc }) => set(rpc, { name, project, ifMatch }, body)),
  serve(clearFlag, ({ project, params: { name }, ifMatch, rpc }) => clear(rpc, { name, project, ifMatch })),

  serve(setFlagForAll, ({ params: { name }, ifMatch, body, ...context }) =>
    set(requireOwner(context), { name, ifMatch }, body),
  ),
  serve(clearFlagForAll, ({ params: { name }, ifMatch, ...context }) =>
    clear(requireOwner(context), { name, ifMatch }),
  ),
]

interface Page {
  readonly cursor?: number | undefined
  readonly limit: number
}

async function list(rpc: RouteContext['rpc'], { cursor, limit }: Page, project?: string): Promise<RouteAnswer> {
  const answer = await callable({ rpc }, flagList)({ project, afterVersion: cursor, limit })
  return toPage('flags', {
    ...answer,
    next: answer.more ? answer.version : null,
  })
}

interface Change {
  readonly value: NonNullable<JsonArgument>
  readonly rolloutBasisPoints: number
}

/** A flag's override; without a project, the one for all. */
interface Override {
  readonly name: string
  readonly project?: string
  readonly ifMatch: RouteContext['ifMatch']
}

async function set(rpc: RouteContext['rpc'], override: Override, change: Change): Promise<RouteAnswer> {
  const answer = await callable({ rpc }, flagSet)({ ...override, ...change })
  return toAnswer(200, { ...answer, name: override.name })
}

async function clear(rpc: RouteContext['rpc'], override: Override): Promise<RouteAnswer> {
  const answer = await callable({ rpc }, flagClear)(override)
  return toAnswer(200, { ...answer, name: override.name })
}
