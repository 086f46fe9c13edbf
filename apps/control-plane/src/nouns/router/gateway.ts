import { gatewayRoutes, type ProblemCode } from '@core/api'
import { type Clock, isObject } from '@core/foundation'
import {
  type Dialect,
  GatewayError,
  type GatewayFault,
  listModels,
  type Operation,
  type ResponseName,
  type Router,
  type Routing,
  readJsonCall,
  requireRoute,
  type StoredResponses,
  toErrorBody,
  toErrorHeaders,
} from '@core/router'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createGate } from '../../auth/gate.ts'
import { ProblemError } from '../../http/problem-error.ts'
import { reportFailure, toProblem } from '../../http/problems.ts'
import { refuseCompressed } from '../../http/require-uncompressed.ts'
import { toOpenPattern, toRouterPattern } from '../../http/route-pattern.ts'
import type { Door } from '../../process/noun.ts'
import type { CallerLedgers } from './caller-ledgers.ts'
import { accountOf, keyOf, passed, secondsOf, tagsOf, textOf } from './gateway-headers.ts'
import { createHttpSink } from './http-sink.ts'

export interface GatewayDependencies {
  readonly router: Router
  readonly stored: StoredResponses
  readonly ledgers: CallerLedgers
  readonly routing: () => Routing | Promise<Routing>
  readonly clock: Clock
  /** Called with each call while it runs, so that the process does not end before it is settled. */
  readonly track: (call: Promise<unknown>) => void
}

const bodyLimitBytes = Math.max(...gatewayRoutes.map((route) => route.bodyLimitBytes))
/** The addresses that official clients take for their base URL: bodies pass as they are, errors are in the dialect. */
export function installGateway(app: FastifyInstance, door: Door, dependencies: GatewayDependencies): void {
  for (const dialect of ['openai', 'anthropic'] as const) {
    app.register(async (scope) => installDialect(scope, dialect, door, dependencies), {
      prefix: `/v1/projects/:project/${dialect}`,
    })
  }
}

function installDialect(scope: FastifyInstance, dialect: Dialect, door: Door, dependencies: GatewayDependencies): void {
  const { keyring, admission, projects, logger, errors, bodyTurns } = door
  scope.removeAllContentTypeParsers()
  // What is read of a body is read at once when it is handed on. The type that nearly all have is found by its name.
  scope.addContentTypeParser(
    ['application/json', '*'],
    { parseAs: 'buffer', bodyLimit: bodyLimitBytes },
    (request, body, done) => bodyTurns(request, body, done),
  )
  scope.addHook('preParsing', refuseCompressed)
  scope.setErrorHandler((error, request, reply) => {
    const known = toGatewayError(error)
    if (known.status >= 500) reportFailure(error, request, { logger, errors })
    return refuse(reply, dialect, known)
  })
  scope.setNotFoundHandler((_request, reply) =>
    refuse(reply, dialect, new GatewayError('not_found', 'there is no such address here')),
  )
  // Bodies are not JSON for this server: what is read of them is the router's.
  const gate = createGate(
    { auth: 'model:call', idempotencyKey: 'none', method: 'GET', path: '/{project}' },
    keyring,
    admission,
    projects,
  )
  const authenticate = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
    const { authorization, 'x-api-key': key } = request.headers
    if (authorization === undefined && typeof key === 'string') request.headers.authorization = `Bearer ${key}`
    gate(request, reply, done)
  }
  const prefix = `/v1/projects/{project}/${dialect}`
  for (const route of gatewayRoutes.filter((one) => one.dialect === dialect)) {
    const { method, path, auth, bodyLimitBytes: bodyLimit } = route
    const pattern = 'slashes' in route ? toOpenPattern(path) : toRouterPattern(path)
    scope.route({
      method,
      url: pattern.slice(toRouterPattern(prefix).length),
      bodyLimit,
      config: { auth, streams: 'streams' in route },
      onRequest: authenticate,
      exposeHeadRoute: false,
      handler: handlers[route.operation](dependencies, dialect),
    })
  }
}

type CreateHandler = (
  dependencies: GatewayDependencies,
  dialect: Dialect,
) => (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>

/** A call of a model: tracked, so that the process does not end before it is settled. */
const serve =
  (operation: Operation): CreateHandler =>
  (dependencies, dialect) =>
  (request, reply) => {
    const call = serveCall(request, reply, { dialect, operation, ...dependencies })
    dependencies.track(call)
    return call
  }

const listOf: CreateHandler =
  ({ routing }, dialect) =>
  async (request, reply) => {
    const names = listModels(await routing(), request.caller?.project ?? '')
    const data = names.map((id) => toModel(dialect, id))
    const more =
      dialect === 'openai'
        ? { object: 'list' }
        : { has_more: false, first_id: names[0] ?? null, last_id: names.at(-1) ?? null }
    return reply.type('application/json; charset=utf-8').send(JSON.stringify({ data, ...more }))
  }

/** Every name that a call may have, also one that the list leaves out: `provider/model`. */
const modelOf: CreateHandler =
  ({ routing }, dialect) =>
  async (request, reply) => {
    const name = isObject(request.params) ? String(request.params['*']) : ''
    requireRoute(await routing(), request.caller?.project ?? '', name)
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(toModel(dialect, name)))
  }

function toModel(dialect: Dialect, id: string): object {
  return dialect === 'openai'
    ? { id, object: 'model', created: 0, owned_by: 'core' }
    : { id, type: 'model', display_name: id, created_at: '1970-01-01T00:00:00Z' }
}

const countTokens: CreateHandler = () => async (request, reply) => {
  const { inputTokens } = readJsonCall('messages', bodyOf(request))
  return reply.type('application/json; charset=utf-8').send(JSON.stringify({ input_tokens: inputTokens }))
}

const retrieve: CreateHandler =
  ({ stored }) =>
  async (request, reply) => {
    const query = new URL(request.url, 'http://localhost').searchParams
    if (query.get('stream') === 'true')
      throw new GatewayError('unsupported', 'a response is streamed when it is made, and then comes whole', {
        param: 'stream',
      })
    return sendJson(reply, await stored.retrieve(nameOf(request), select(query, ['include', 'include[]'])))
  }

const listInput: CreateHandler =
  ({ stored }) =>
  async (request, reply) => {
    const query = new URL(request.url, 'http://localhost').searchParams
    const passed = select(query, ['after', 'limit', 'order', 'include', 'include[]'])
    return sendJson(reply, await stored.listInput(nameOf(request), passed))
  }

/** These parameters of a query, as a query. */
function select(query: URLSearchParams, names: readonly string[]): string {
  const passed = new URLSearchParams([...query].filter(([name]) => names.includes(name)))
  return passed.size === 0 ? '' : `?${passed}`
}

const remove: CreateHandler =
  ({ stored }) =>
  async (request, reply) =>
    sendJson(reply, await stored.remove(nameOf(request)))

function nameOf({ caller, params }: FastifyRequest): ResponseName {
  if (caller === null) throw new Error('handler reached without a principal')
  const id = isObject(params) ? String(params['id']) : ''
  return { project: caller.project, subject: caller.principal.subject, id }
}

function sendJson(reply: FastifyReply, body: string): FastifyReply {
  return reply
    .headers({ 'request-id': reply.request.id, 'cache-control': 'no-store' })
    .type('application/json; charset=utf-8')
    .send(body)
}

const handlers: Readonly<Record<(typeof gatewayRoutes)[number]['operation'], CreateHandler>> = {
  createChatCompletion: serve('chat'),
  createResponse: serve('responses'),
  getResponse: retrieve,
  listResponseInputItems: listInput,
  deleteResponse: remove,
  createEmbedding: serve('embeddings'),
  createTranscription: serve('transcription'),
  listOpenAIModels: listOf,
  getOpenAIModel: modelOf,
  createMessage: serve('messages'),
  countMessageTokens: countTokens,
  listAnthropicModels: listOf,
  getAnthropicModel: modelOf,
}

function bodyOf({ body }: FastifyRequest): Buffer {
  if (Buffer.isBuffer(body) && body.length > 0) return body
  throw new GatewayError('invalid_request', 'the body is missing')
}

async function serveCall(
  request: FastifyRequest,
  reply: FastifyReply,
  { dialect, operation, router, ledgers }: GatewayDependencies & { dialect: Dialect; operation: Operation },
): Promise<undefined> {
  const { caller, headers, id } = request
  if (caller === null) throw new Error('handler reached without a principal')
  const body = bodyOf(request)
  const { principal, project } = caller
  const account = accountOf(headers['core-account'], project)
  const tags = tagsOf(headers['core-tags'])
  reply.header('request-id', id).header('cache-control', 'no-store')
  const sink = createHttpSink(reply)
  await router.proxy(
    {
      id,
      dialect,
      operation,
      body,
      contentType: headers['content-type'] ?? 'application/json',
      headers: passed(headers),
      cacheSeconds: secondsOf(headers['core-cache']),
      caller: {
        project,
        account,
        subject: principal.subject,
        tags,
        session: textOf(headers['core-session']),
        idempotencyKey: keyOf(headers['idempotency-key']),
        ledger: ledgers.of(principal, project),
      },
    },
    sink,
  )
  // A reader that stops is cut off, and the handler does not end before its answer.
  if (sink.hasBegun) await sink.ended
  else reply.hijack()
  return undefined // a reply is a promise to Fastify, and this one is out
}

function refuse(reply: FastifyReply, dialect: Dialect, error: GatewayError): FastifyReply {
  const { id } = reply.request
  return reply
    .code(error.status)
    .headers({ 'request-id': id, ...toErrorHeaders(error) })
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(toErrorBody(dialect, error, id)))
}

const faults: Partial<Record<ProblemCode, GatewayFault>> = {
  unauthenticated: 'unauthenticated',
  forbidden: 'forbidden',
  not_found: 'not_found',
  too_large: 'too_large',
  unsupported_media_type: 'unsupported',
  rate_limited: 'rate_limited',
  invalid: 'invalid_request',
  conflict: 'conflict',
  unavailable: 'unavailable',
  timeout: 'unavailable',
}

/** What the gate refuses, as the router's own refusals read. */
function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  const { code, detail } = toProblem(error)
  const retryAfter = error instanceof ProblemError ? Number(error.options.headers?.['retry-after']) : Number.NaN
  const fault = faults[code] ?? 'internal'
  return new GatewayError(fault, detail, {
    // These have reached no model: the client may send them again.
    shouldRetry: fault === 'rate_limited' || fault === 'unavailable',
    ...(Number.isFinite(retryAfter)
      ? { retryAfterMs: retryAfter * 1000 }
      : fault === 'unavailable'
        ? { retryAfterMs: 1_000 }
        : {}),
  })
}
