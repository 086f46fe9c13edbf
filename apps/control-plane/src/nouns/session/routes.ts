import { beatSession, closeSession, listSessions, openSession } from '@core/api'
import { sessionBeat, sessionClose, sessionList, sessionOpen } from '@core/api/functions'
import { forward, forwardPage } from '../../http/forward.ts'

export const sessionRoutes = [
  forward(openSession, sessionOpen, ({ project, idempotencyKey: key, body: { ttlSeconds: ttlS, ...body } }) => ({
    ...body,
    key,
    ttlS,
    project,
  })),
  forward(beatSession, sessionBeat, ({ project, params: { id }, body: { status, metrics = {}, idleMs } }) => ({
    session: id,
    status,
    metrics: {
      requests: metrics.requests,
      errors: metrics.errors,
      p95_ms: metrics.p95Ms,
      target_p95_ms: metrics.targetP95Ms,
      backlog: metrics.backlog,
    },
    idleMs,
    project,
  })),
  forward(closeSession, sessionClose, ({ project, params: { id } }) => ({ session: id, project })),
  forwardPage(listSessions, sessionList, 'sessions', ({ project, query: { limit, cursor: after } }) => ({
    after,
    limit,
    project,
  })),
]
