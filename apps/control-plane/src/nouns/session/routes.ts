import { beatSession, closeSession, listSessions, openSession } from '@core/api'
import { serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'

export const sessionRoutes = [
  serve(openSession, async ({ project, idempotencyKey, body, rpc }) =>
    toAnswer(
      201,
      await rpc('session_open', {
        p_key: idempotencyKey,
        p_fingerprint: body.fingerprint,
        p_kind: body.kind,
        p_name: body.name ?? null,
        p_version: body.version ?? null,
        p_status: body.status,
        p_ttl_s: body.ttlSeconds,
        p_project: project,
      }),
    ),
  ),
  serve(beatSession, async ({ project, params: { id }, body: { status, metrics = {}, idleMs }, rpc }) =>
    toAnswer(
      200,
      await rpc('session_beat', {
        p_session: id,
        p_status: status ?? null,
        p_metrics: {
          ...pick('requests', metrics.requests),
          ...pick('errors', metrics.errors),
          ...pick('p95_ms', metrics.p95Ms),
          ...pick('target_p95_ms', metrics.targetP95Ms),
          ...pick('backlog', metrics.backlog),
        },
        p_idle_ms: idleMs,
        p_project: project,
      }),
    ),
  ),
  serve(closeSession, async ({ project, params: { id }, rpc }) =>
    toAnswer(200, await rpc('session_close', { p_session: id, p_project: project })),
  ),
  serve(listSessions, async ({ project, query: { limit, cursor }, rpc }) =>
    toPage('sessions', await rpc('session_list', { p_after: cursor ?? null, p_limit: limit, p_project: project })),
  ),
]

function pick(name: string, value: number | undefined): Record<string, number> {
  return value === undefined ? {} : { [name]: value }
}
