import type { Logger } from '@core/foundation'
import type { FastifyRequest } from 'fastify'
import type { AnswerObserver } from './answered.ts'
import { readTraceParent } from './trace-parent.ts'

/** One line per request, when its answer is out. The route's pattern, not its address: ids and keys stay out of logs. */
export function createRequestLog(
  logger: Logger,
  traceIdOf: (request: FastifyRequest) => string | undefined = callersTrace,
): AnswerObserver {
  return ({ request, method, route, status, ms }) => {
    const { id, caller } = request
    logger.info(
      {
        requestId: id,
        traceId: traceIdOf(request),
        method,
        route,
        status,
        ms: Math.round(ms * 100) / 100,
        project: caller?.project,
        subject: caller?.principal.subject,
      },
      'request',
    )
  }
}

/** Without tracing of our own the caller's trace id is still logged. */
function callersTrace({ headers }: FastifyRequest): string | undefined {
  const { traceparent } = headers
  return traceparent === undefined ? undefined : readTraceParent(traceparent)?.traceId
}
