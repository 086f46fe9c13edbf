import type { Logger } from '@core/foundation'
import type { FastifyInstance } from 'fastify'

/** One line per request, when its answer is out. The route's pattern, not its address: ids and keys stay out of logs. */
export function installRequestLog(app: FastifyInstance, logger: Logger): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, caller } = request
    logger.info(
      {
        requestId: request.id,
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
