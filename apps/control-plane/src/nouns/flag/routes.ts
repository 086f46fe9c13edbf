import { listAllFlags, listFlags, setFlag, setFlagForAll } from '@core/api'
import type { JsonInput } from '@core/database'
import { requireOwner, requireSystemScope } from '../../auth/system-calls.ts'
import { type CoreAnswer, type RouteAnswer, type RouteContext, serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'

export const flagRoutes = [
  serve(listFlags, ({ project, query, rpc }) => list(rpc, project, query)),
  serve(listAllFlags, ({ query, ...context }) => list(requireSystemScope(context), null, query)),

  serve(setFlag, ({ project, ifMatch, body, rpc }) => set(rpc, project, body, ifMatch)),
  serve(setFlagForAll, ({ ifMatch, body, ...context }) => set(requireOwner(context), null, body, ifMatch)),
]

interface Page {
  readonly cursor?: number | undefined
  readonly limit: number
}

async function list(rpc: RouteContext['rpc'], project: string | null, { cursor, limit }: Page): Promise<RouteAnswer> {
  const answer = await rpc('flag_list', { p_project: project, p_after_version: cursor ?? 0, p_limit: limit })
  const rows = Array.isArray(answer['flags']) ? answer['flags'] : []
  return toPage('flags', {
    ...answer,
    flags: rows.map(toRow),
    next: answer['more'] === true ? answer['version'] : null,
  })
}

interface Change {
  readonly name: string
  readonly value: JsonInput
  readonly rolloutBasisPoints: number
}

/** `project` null: for all projects. */
async function set(
  rpc: RouteContext['rpc'],
  project: string | null,
  { name, value, rolloutBasisPoints }: Change,
  ifMatch: RouteContext['ifMatch'],
): Promise<RouteAnswer> {
  const override = { p_name: name, p_project: project, p_if_match: ifMatch }
  const answer =
    value === null
      ? await rpc('flag_clear', override)
      : await rpc('flag_set', { ...override, p_value: value, p_rollout_bp: rolloutBasisPoints })
  return toAnswer(200, { ...answer, name })
}

function toRow({ rollout_bp, ...row }: CoreAnswer): CoreAnswer {
  return { ...row, rollout_basis_points: rollout_bp }
}
