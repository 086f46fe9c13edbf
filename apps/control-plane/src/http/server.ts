import type { IncomingMessage } from 'node:http'
import type { Logger } from '@core/foundation'
import { uuidv7 } from '@core/foundation'
import Fastify, { type FastifyInstance } from 'fastify'
import { requireDeclaredAuth } from '../auth/route-auth.ts'
import { installUnknownAddressLimit } from '../limits/admission.ts'
import { createLargeBodies } from '../limits/large-bodies.ts'
import { installShedding, type Overload } from '../limits/shedding.ts'
import { type AnswerObserver, observeAnswers } from '../observe/answered.ts'
import type { ErrorSink } from '../observe/error-tracker.ts'
import type { Tracing } from '../observe/open-tracing.ts'
import { createRequestLog } from '../observe/request-log.ts'
import type { Realtime } from '../realtime/realtime.ts'
import { createBodyTurns } from './body-turns.ts'
import { createBadAddressHandler, createBrokenRequestHandler, ignoreAfterRefusal } from './broken-request.ts'
import { installCrossOrigin } from './cross-origin.ts'
import { encodeAccount } from './encode-account.ts'
import { createJsonParser } from './json-body.ts'
import { toBasePath } from './location-path.ts'
import { watchConnections } from './open-connections.ts'
import { installProblems } from './problems.ts'
import { installRestRpc } from './rest-rpc.ts'
import { installRoutes, type RoutesDependencies } from './routes.ts'
import { installSecurityHeaders } from './security-headers.ts'
import { createSlowBodies } from './slow-bodies.ts'

export interface HttpSettings {
  /** The largest body that is read. */
  readonly bodyLimitBytes: number
  /** How long a client may take to send its headers. */
  readonly headersTimeoutMs: number
  /** How long a client may take to send a whole request. */
  readonly requestTimeoutMs: number
  /** Open at once. */
  readonly maxConnections: number
  /** Addresses or CIDR ranges. */
  readonly trustedProxies: readonly string[]
  readonly allowedOrigins: readonly string[]
  /** Where clients reach this server, if that is another address. */
  readonly publicUrl?: string | undefined
}

export interface ServerDependencies extends Omit<RoutesDependencies, 'basePath'> {
  readonly http: HttpSettings
  readonly overload: Overload
  /** Whether to answer supabase-js as PostgREST does. */
  readonly restRpc: boolean
  /** Traces requests. Default: none. */
  readonly tracing?: Pick<Tracing, 'install' | 'traceIdOf'> | undefined
  /** Called after each answer, besides the log. Default: none. */
  readonly observers?: readonly AnswerObserver[]
  /** Receives every unexpected failure. */
  readonly errors: ErrorSink
  readonly realtime: Pick<Realtime, 'install' | 'addListeners'>
  readonly logger: Logger
}

/** The HTTP side: what protects it, then the routes. Listens to nothing yet. */
export function createServer({
  http,
  overload,
  restRpc,
  tracing,
  observers = [],
  errors,
  realtime,
  logger,
  ...dependencies
}: ServerDependencies): FastifyInstance {
  const slowBodies = createSlowBodies()
  const app = Fastify({
    logger: false,
    trustProxy: http.trustedProxies.length > 0 && [...http.trustedProxies],
    rewriteUrl: ({ url = '/' }) => encodeAccount(url),
    genReqId: () => `req_${uuidv7()}`,
    bodyLimit: http.bodyLimitBytes,
    requestTimeout: http.requestTimeoutMs,
    keepAliveTimeout: 72_000, // longer than the 60 s of common load balancers, so that they close first
    // Without a check every second, slow-dripping sockets live up to half a minute past their limit.
    http: {
      headersTimeout: http.headersTimeoutMs,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: 16 * 1024,
      shouldUpgradeCallback: asksForWebSocket,
    },
    clientErrorHandler: (error, socket) => {
      if (!slowBodies.isMeant(error, socket)) void answerBrokenRequest(error, socket)
    },
    frameworkErrors: createBadAddressHandler(dependencies.admission),
    return503OnClosing: false, // a request that made it here is answered; new connections are refused
    routerOptions: { maxParamLength: 1000 }, // account codes of 200 characters, URL-encoded
  })
  const { maxConnections } = http
  const connections = watchConnections(app.server, { maxConnections })
  const answerBrokenRequest = createBrokenRequestHandler(dependencies.admission, connections)
  const bodyTurns = createBodyTurns(createLargeBodies())
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, createJsonParser(bodyTurns))
  ignoreAfterRefusal(app)
  requireDeclaredAuth(app)
  tracing?.install(app)
  installProblems(app, logger, errors)
  installSecurityHeaders(app)
  observeAnswers(app, [createRequestLog(logger, tracing?.traceIdOf), ...observers])
  installCrossOrigin(app, http.allowedOrigins)
  installShedding(app, overload)
  installUnknownAddressLimit(app, dependencies.admission)
  installRoutes(app, { ...dependencies, basePath: toBasePath(http.publicUrl) })
  if (restRpc) installRestRpc(app, { ...dependencies, logger, errors })
  const door = { ...dependencies, logger, errors, bodyTurns, allowSlowBody: slowBodies.allow }
  for (const { install } of dependencies.nouns) install?.(app, door)
  for (const { listeners = {} } of dependencies.nouns) realtime.addListeners(listeners)
  realtime.install(app, answerBrokenRequest)
  return app
}

/** Other protocols are ignored, as RFC 9110 has it: Java's client and `curl --http2` ask for h2c on every request. */
function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
}
