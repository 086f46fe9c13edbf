import { docsPage, isScope, problems, type RouteContract, routes, toDeprecationHeaders } from '@core/api'
import { toSqlArguments } from '@core/api/functions'
import type { Database, JsonInput } from '@core/database'
import { CoreError } from '@core/foundation'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { type Caller, createGate } from '../auth/gate.ts'
import type { Keyring } from '../auth/keyring.ts'
import { bindTo, claimsOf, ownerClaimsOf, rootClaimsOf } from '../auth/principal.ts'
import type { ProjectDirectory } from '../auth/project-directory.ts'
import type { Admission } from '../limits/admission.ts'
import { joinDenials, type Noun } from '../process/noun.ts'
import type { BoundRoute, CoreAnswer, Denials, RouteAnswer, RouteContext } from './bound-route.ts'
import { describeDenial } from './denial.ts'
import { type LocationRoot, toLocationPath } from './location-path.ts'
import { isKnown, type Precondition, readPrecondition, toEntityTag } from './precondition.ts'
import type { PreparedAnswer } from './prepared-answer.ts'
import { noOwnProject, notFound, ProblemError } from './problem-error.ts'
import { sendProblem } from './problems.ts'
import { toPathPattern, toRouterPattern } from './route-pattern.ts'
import { htmlPolicy } from './security-headers.ts'

export interface RoutesDependencies {
  readonly nouns: readonly Pick<Noun, 'routes' | 'denials' | 'listeners' | 'joinCalls' | 'install'>[]
  readonly database: Pick<Database, 'call'>
  readonly keyring: Keyring
  readonly admission: Admission
  readonly projects: ProjectDirectory
  /** The path below which clients reach this server, without a slash at its end: empty, or that of the public URL. */
  readonly basePath: string
}

/** Registers every route of the contract, and refuses to start where one is undeclared, unguarded or unserved. */
export function installRoutes(app: FastifyInstance, { nouns, ...given }: RoutesDependencies): void {
  const database = nouns.reduce((calls, { joinCalls }) => joinCalls?.(calls) ?? calls, given.database)
  const dependencies = { ...given, database }
  const bound = nouns.flatMap((noun) => noun.routes)
  checkComplete(bound)
  const denials = joinDenials(nouns)
  app.decorateRequest('caller', null)
  app.decorateRequest('authenticate', null)
  installHome(app, dependencies)
  for (const route of bound) installRoute(app, route, { ...dependencies, denials })
  refuseOtherMethods(app, dependencies.admission)
}

/** Who opens the server's address in a browser gets the docs, by a relative address that works below a prefix. */
function installHome(
  app: FastifyInstance,
  { keyring, admission, projects }: Pick<RoutesDependencies, 'keyring' | 'admission' | 'projects'>,
): void {
  app.get(
    '/',
    { config: { auth: 'public' }, onRequest: createGate(docsPage, keyring, admission, projects) },
    (_request, reply) => reply.redirect('docs'),
  )
}

interface RouteDependencies extends Omit<RoutesDependencies, 'nouns'> {
  readonly denials: Denials
}

/** Registers one route: the headers of its end, the gate, the handler, the answer checked against its contract. */
export function installRoute(
  app: FastifyInstance,
  route: BoundRoute,
  { database, keyring, admission, projects, basePath, denials }: RouteDependencies,
): void {
  const { contract } = route
  const ending = contract.deprecated && toDeprecationHeaders(contract.deprecated)
  app.route({
    method: contract.method,
    url: toRouterPattern(contract.path),
    config: { auth: contract.auth, streams: contract.produces === 'text/event-stream' },
    onRequest: [...(ending ? [addHeaders(ending)] : []), createGate(contract, keyring, admission, projects)],
    handler(request, reply) {
      const precondition = readPrecondition(contract, request.headers)
      const context = createContext(request, database, precondition.ifMatch)
      const answer = route.handle(context, request, { request, reply })
      const form = { contract, denials, precondition, root: { project: context.project, basePath } }
      if (answer instanceof Promise) return answer.then((late) => send(reply, late, form))
      send(reply, answer, form)
      return undefined // a reply is a promise to Fastify, and this one is out
    },
  })
}

/** Before the gate, so that refusals have them as well. */
function addHeaders(headers: Readonly<Record<string, string>>) {
  return (_request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    reply.headers(headers)
    done()
  }
}

function checkComplete(bound: readonly BoundRoute[]): void {
  const served = new Set(bound.map(({ contract }) => contract))
  const declared = new Set<RouteContract>(routes)
  const faults = [
    ...bound
      .filter(({ contract }) => !declared.has(contract))
      .map(({ contract }) => `${contract.operation} is not in the list of routes`),
    ...routes.filter((contract) => !served.has(contract)).map(({ operation }) => `${operation} is served by nothing`),
    ...bound
      .filter(({ contract: { auth } }) => auth !== 'public' && auth !== 'authenticated' && !isScope(auth))
      .map(({ contract }) => `${contract.operation} does not declare auth`),
  ]
  if (served.size !== bound.length) faults.push('a route is served twice')
  if (faults.length > 0) throw new CoreError('E_INTERNAL', `the routes do not fit their contract: ${faults.join('; ')}`)
}

/** The caller of a public route: no scopes. */
const anonymousCaller: Caller = {
  principal: { subject: 'anonymous', project: '', scopes: new Set(), expiresAt: null },
  project: '',
  isRoot: false,
  idempotencyKey: '',
}

function createContext(
  { id, caller, headers }: Pick<FastifyRequest, 'id' | 'caller' | 'headers'>,
  database: Pick<Database, 'call'>,
  ifMatch: readonly string[] | null,
): RouteContext {
  const { principal, project, isRoot, idempotencyKey } = caller ?? anonymousCaller
  const claims = isRoot ? rootClaimsOf(principal, project, id) : claimsOf(principal, project, id)
  const send = async (name: string, args: Readonly<Record<string, JsonInput>>) => {
    if (project === '' && principal.roles !== undefined) throw noOwnProject(principal, 'header.Authorization')
    return await database.call(name, args, { claims })
  }
  return {
    principal,
    project,
    claims,
    idempotencyKey,
    accept: headers.accept ?? '',
    ifMatch: ifMatch ?? undefined,
    call: async ({ name, args, parse }, input) => parse(await send(name, toSqlArguments(args, input))),
    rpc: async (name, args) => toObject(await send(name, args)),
    within(name) {
      const bound = bindTo(principal, name)
      if (bound === undefined) throw notFound()
      const within = { principal: bound, project: name, isRoot: false, idempotencyKey }
      return createContext({ id, caller: within, headers }, database, ifMatch).rpc
    },
    rpcUnbound: async (name, args) => {
      if (principal.project !== undefined) throw new CoreError('E_INTERNAL', `${name} would leave the key's project`)
      return toObject(await database.call(name, args, { claims: ownerClaimsOf(principal, id) }))
    },
  }
}

function toObject(answer: unknown): CoreAnswer {
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return { ...answer }
  throw new CoreError('E_INTERNAL', 'core_api answered with something else than an object')
}

interface AnswerForm {
  readonly contract: RouteContract
  readonly denials: Denials
  readonly precondition: Precondition
  readonly root: LocationRoot
}

function send(
  reply: FastifyReply,
  answer: RouteAnswer,
  { contract, denials, precondition, root }: AnswerForm,
): FastifyReply {
  if ('streaming' in answer) return reply
  if ('prepared' in answer) return sendPrepared(reply, answer.prepared, precondition, contract)
  if ('text' in answer) return reply.headers(answer.headers).type(answer.type).send(answer.text)
  if ('problem' in answer) {
    return sendProblem(reply, answer.problem, { detail: describeDenial(answer, denials), facts: answer.facts })
  }
  const output = contract.outputs[answer.status]
  if (output === undefined) throw new CoreError('E_INTERNAL', `${contract.operation} has no answer ${answer.status}`)
  const parsed = output.safeParse(answer.body)
  if (!parsed.success) {
    throw new CoreError('E_INTERNAL', `the answer of ${contract.operation} does not fit its contract`, {
      cause: parsed.error,
    })
  }
  if (contract.produces === 'text/html') {
    return reply.type('text/html; charset=utf-8').header('content-security-policy', htmlPolicy).send(parsed.data)
  }
  const body = parsed.data
  const replayed = isReplay(body)
  if (replayed) reply.header('idempotency-replayed', 'true')
  // A replay shows a state that may be outdated.
  const entityTag = contract.conditional && !replayed ? toEntityTag(contract.conditional, Object(body)) : undefined
  if (entityTag !== undefined) reply.header('etag', entityTag)
  if (entityTag !== undefined && isKnown(precondition, entityTag)) return reply.code(304).send()
  if (answer.status === 201 && contract.location !== undefined) {
    reply.header('location', toLocationPath(contract.location, root, Object(body)))
  }
  return reply.code(answer.status).type('application/json; charset=utf-8').send(JSON.stringify(body))
}

function sendPrepared(
  reply: FastifyReply,
  { text, entityTag, gzip }: PreparedAnswer,
  precondition: Precondition,
  { produces }: RouteContract,
): FastifyReply {
  const isGzip = acceptsGzip(reply.request.headers['accept-encoding'])
  reply.header('cache-control', 'no-cache') // kept, and asked about with its tag
  reply.header('vary', 'accept-encoding')
  if (entityTag !== undefined) reply.header('etag', isGzip ? `W/${entityTag}` : entityTag)
  // Also of a 304, whose fields replace those of the page that the browser has.
  if (produces === 'text/html') reply.header('content-security-policy', htmlPolicy)
  if (entityTag !== undefined && isKnown(precondition, entityTag)) return reply.code(304).send()
  if (produces === 'text/html') reply.type('text/html; charset=utf-8')
  else reply.type('application/json; charset=utf-8')
  return isGzip ? reply.header('content-encoding', 'gzip').send(gzip()) : reply.send(text)
}

/** Of a list of codings the one that all browsers send; a weight of zero refuses it. */
function acceptsGzip(accepted: string | string[] | undefined): boolean {
  return /(^|,)\s*gzip\s*(;\s*q=(1|0\.0*[1-9])|,|$)/i.test(String(accepted ?? ''))
}

/** Whether this was answered before; a batch was if all of it was. */
function isReplay(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false
  if ('results' in body && Array.isArray(body.results)) return body.results.length > 0 && body.results.every(isReplay)
  return 'replayed' in body && body.replayed === true
}

/** What Fastify routes. */
const routedMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** Known addresses answer other methods with 405 and the ones they know. */
function refuseOtherMethods(app: FastifyInstance, admission: Admission): void {
  const byPath = Map.groupBy<string, RouteContract>(routes, ({ path }) => path)
  const addresses: { readonly pattern: RegExp; readonly allow: string }[] = []
  for (const [path, contracts] of byPath) {
    const known = new Set<HTTPMethods>(
      contracts.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])),
    )
    const allow = [...known].join(', ')
    addresses.push({ pattern: toPathPattern(path), allow })
    app.route({
      method: routedMethods.filter((method) => !known.has(method)),
      url: toRouterPattern(path),
      config: { auth: 'public' }, // says nothing but that
      exposeHeadRoute: false,
      onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
        await admission.anonymous(request, reply)
        throw notAllowed(request.method, allow)
      },
      handler: () => problems.method_not_allowed.title,
    })
  }
  // The router has no routes for TRACE, QUERY or PROPFIND: they arrive as unknown addresses, counted as those are.
  app.addHook('onRequest', (request, _reply, done) => {
    if (!request.is404 || routedMethods.some((method) => method === request.method)) return done()
    const [path = ''] = request.url.split('?')
    const address = addresses.find(({ pattern }) => pattern.test(path))
    done(address && notAllowed(request.method, address.allow))
  })
}

function notAllowed(method: string, allow: string): ProblemError {
  return new ProblemError('method_not_allowed', `${method} is not allowed here`, { headers: { allow } })
}
