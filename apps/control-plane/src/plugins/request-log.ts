import type { Logger } from '@core/foundation'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { readTraceParent } from '../tracing/trace-parent.ts'

/** One line per request, when its answer is out. The route's pattern, not its address: ids and keys stay out of logs. */
export function installRequestLog(
  app: FastifyInstance,
  logger: Logger,
  traceIdOf: (request: FastifyRequest) => string | undefined = callersTrace,
): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, caller } = request
    logger.info(
      {
        requestId: request.id,
        traceId: traceIdOf(request),
        method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 100) / 100,
        project: caller?.project,
        subject: caller?.principal.subject,
      },
      'request',
    )
    done()
  })
}

/** Whoever does not trace can still be found by those who do. */
function callersTrace({ headers }: FastifyRequest): string | undefined {
  const { traceparent } = headers
  return traceparent === undefined ? undefined : readTraceParent(traceparent)?.traceId
}
