import { listAuditLog, listWholeAuditLog } from '@core/api'
import { requireSystemScope } from '../../auth/system-calls.ts'
import { type CoreAnswer, type RouteContext, serve } from '../../http/bound-route.ts'
import { toPage } from '../../http/page.ts'

export const auditLogRoutes = [
  serve(listAuditLog, async ({ project, query, rpc }) => readPage(rpc, project, query)),

  serve(listWholeAuditLog, async ({ query, ...context }) => readPage(requireSystemScope(context), null, query)),
]

interface Query {
  readonly cursor?: number | undefined
  readonly limit: number
  readonly [filter: string]: string | number | undefined
}

async function readPage(rpc: RouteContext['rpc'], project: string | null, { cursor, limit, ...filter }: Query) {
  const answer = await rpc('audit_log', {
    p_project: project,
    p_before: cursor ?? null,
    p_limit: limit,
    p_filter: filter,
  })
  const rows: readonly CoreAnswer[] = Array.isArray(answer['entries']) ? answer['entries'] : []
  const entries = rows.map(({ before, after, ...row }) => ({
    ...row,
    before: inApiWords(before),
    after: inApiWords(after),
  }))
  return toPage('entries', { ...answer, entries })
}

/** Names of the database that differ from those of the routes. */
const words: Readonly<Record<string, string>> = {
  caps: 'scopes',
  rollout_bp: 'rollout_basis_points',
  alert_bp: 'alert_basis_points',
  tz: 'time_zone',
}

function inApiWords(state: unknown): unknown {
  if (typeof state !== 'object' || state === null) return state
  return Object.fromEntries(
    Object.entries(state).map(([name, value]) => [
      words[name] ?? name,
      name === 'replacement' ? inApiWords(value) : value,
    ]),
  )
}
