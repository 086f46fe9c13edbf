import { listAllFlags, listFlags, setFlag, setFlagForAll } from '@core/api'
import { callable, flagClear, flagList, flagSet, type JsonArgument } from '@core/api/functions'
import { requireOwner, requireSystemScope } from '../../auth/system-calls.ts'
import { type RouteAnswer, type RouteContext, serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'

export const flagRoutes = [
  serve(listFlags, ({ project, query, rpc }) => list(rpc, query, project)),
  serve(listAllFlags, ({ query, ...context }) => list(requireSystemScope(context), query)),

  serve(setFlag, ({ project, ifMatch, body, rpc }) => set(rpc, body, ifMatch, project)),
  serve(setFlagForAll, ({ ifMatch, body, ...context }) => set(requireOwner(context), body, ifMatch)),
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
  readonly name: string
  readonly value: JsonArgument
  readonly rolloutBasisPoints: number
}

/** Without a project, for all. */
async function set(
  rpc: RouteContext['rpc'],
  { name, value, rolloutBasisPoints }: Change,
  ifMatch: RouteContext['ifMatch'],
  project?: string,
): Promise<RouteAnswer> {
  const override = { name, project, ifMatch }
  const answer =
    value === null
      ? await callable({ rpc }, flagClear)(override)
      : await callable({ rpc }, flagSet)({ ...override, value, rolloutBasisPoints })
  return toAnswer(200, { ...answer, name })
}
