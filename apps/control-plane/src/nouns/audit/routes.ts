import { listAuditLog, listWholeAuditLog } from '@core/api'
import { auditLog, callable } from '@core/api/functions'
import { requireSystemScope } from '../../auth/system-calls.ts'
import { type RouteContext, serve } from '../../http/bound-route.ts'
import { toPage } from '../../http/page.ts'

export const auditLogRoutes = [
  serve(listAuditLog, async ({ project, query, rpc }) => readPage(rpc, query, project)),

  serve(listWholeAuditLog, async ({ query, ...context }) => readPage(requireSystemScope(context), query)),
]

interface Query {
  readonly cursor?: number | undefined
  readonly limit: number
  readonly [filter: string]: string | number | undefined
}

async function readPage(rpc: RouteContext['rpc'], { cursor: before, limit, ...filter }: Query, project?: string) {
  const answer = await callable({ rpc }, auditLog)({ project, before, limit, filter })
  const entries = answer.entries.map(({ before, after, ...row }) => ({
    ...row,
    before: inApiWords(before),
    after: inApiWords(after),
  }))
  return toPage('entries', { ...answer, entries })
}

/** Names of the database that differ from those of the routes. */
const words: Readonly<Record<string, string>> = {
  caps: 'scopes',
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
