import type { Logger } from '@core/foundation'
import { uuidv7 } from '@core/foundation'
import Fastify, { type FastifyInstance } from 'fastify'
import { answerBadAddress, answerBrokenRequest, installProblems } from './plugins/problems.ts'
import { installRequestLog } from './plugins/request-log.ts'
import { installRoutes, type RoutesDependencies } from './plugins/routes.ts'
import { installSecurityHeaders } from './plugins/security-headers.ts'
import type { Realtime } from './realtime/realtime.ts'

export interface ServerLimits {
  /** The largest body that is read. */
  readonly bodyLimitBytes: number
  /** How long a client may take to send its headers. */
  readonly headersTimeoutMs: number
  /** How long a client may take to send a whole request. */
  readonly requestTimeoutMs: number
}

export interface ServerDependencies extends RoutesDependencies {
  readonly limits: ServerLimits
  readonly realtime: Pick<Realtime, 'install'>
  readonly logger: Logger
}

/** The HTTP side: what protects it, then the routes. Listens to nothing yet. */
export function createServer({ limits, realtime, logger, ...dependencies }: ServerDependencies): FastifyInstance {
  const app = Fastify({
    logger: false,
    genReqId: () => `req_${uuidv7()}`,
    bodyLimit: limits.bodyLimitBytes,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: 72_000, // longer than the 60 s of common load balancers, so that they close first
    // Without a check every second, slow-dripping sockets live up to half a minute past their limit.
    http: { headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: 1000, maxHeaderSize: 16 * 1024 },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: answerBadAddress,
    return503OnClosing: false, // a request that made it here is answered; new connections are refused
    routerOptions: { maxParamLength: 1000 }, // account codes of 200 characters, URL-encoded
  })
  app.removeAllContentTypeParsers()
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) =>
    body === '' ? done(null, undefined) : parseJson(request, String(body), done),
  )
  installProblems(app, logger)
  installSecurityHeaders(app)
  installRequestLog(app, logger)
  installRoutes(app, dependencies)
  realtime.install(app)
  return app
}
