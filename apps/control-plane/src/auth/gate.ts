import type { RouteContract } from '@core/api'
import { uuidv7 } from '@core/foundation'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { noOwnProject, notFound, ProblemError } from '../http/problem-error.ts'
import { requireUncompressed } from '../http/require-uncompressed.ts'
import { shown } from '../http/shown.ts'
import type { Admission } from '../limits/admission.ts'
import { authenticationOf, type Keyring, requireScope } from './keyring.ts'
import { bindTo, isOwner, type Principal } from './principal.ts'
import type { NameOwner, ProjectDirectory } from './project-directory.ts'

/** What is known of a request before its body is read. */
export interface Caller {
  readonly principal: Principal
  readonly project: string
  /** `project` names accounts outside every project. Only of the owner. */
  readonly isRoot: boolean
  readonly idempotencyKey: string
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route that needs a credential. */
    caller: Caller | null
    /** Set where the credential may come after the request: resolves it, counted like any other. */
    authenticate: ((token: string) => Principal | Promise<Principal>) | null
  }
}

/**
 * Admits a request or throws: credential, project, scope, media type, idempotency key, in this order, all before
 * the body is read. A foreign project is answered before a missing scope, so that the answer does not reveal which projects exist.
 */
export function createGate(
  contract: Pick<RouteContract, 'auth' | 'idempotencyKey' | 'isPatient' | 'method' | 'path' | 'makes' | 'produces'>,
  keyring: Keyring,
  admission: Admission,
  projects: ProjectDirectory,
) {
  const { auth, idempotencyKey, method, path, makes, isPatient } = contract
  const hasProject = path.includes('{project}')
  const isProbe = probes.has(path)
  // A browser's socket cannot bring the header and says who it is in its first frame.
  const mayBeAnonymous = contract.produces === 'websocket'

  function admit(request: FastifyRequest, known: Principal): void | Promise<void> {
    const project = hasProject ? projectOf(request.params, known) : (known.project ?? '')
    const principal = hasProject ? bindTo(known, project) : known
    if (principal === undefined) throw notFound()
    if (auth !== 'public' && auth !== 'authenticated') requireScope(principal, auth)
    if (method !== 'GET') requireJson(request.headers)
    const key = idempotencyKey === 'none' ? '' : idempotencyKeyOf(request.headers, idempotencyKey)
    const enter = (owner: NameOwner): void => {
      const isRoot = owner !== 'project'
      if (isRoot && !mayActOutside(principal, owner)) throw notFound()
      request.caller = { principal, project, isRoot, idempotencyKey: key }
    }
    // A bound credential's project is registered: the database holds the two together.
    if (!hasProject || principal.project !== undefined || makes === 'project') return enter('project')
    const owner = projects.find(project)
    return owner instanceof Promise ? owner.then(enter) : enter(owner)
  }

  /** The owner acts on accounts outside every project, and may open the first one of a name. */
  function mayActOutside(principal: Principal, owner: NameOwner): boolean {
    return isOwner(principal) && (owner === 'root' ? rootScopes.test(auth) : makes === 'account')
  }

  /** Synchronous for a key that is known, which is nearly always. */
  function admitOrAsk(request: FastifyRequest, reply: FastifyReply): Promise<void> | undefined {
    const { authorization } = request.headers
    const resolved = admission.authenticate(request, reply, authenticationOf(keyring, authorization, isPatient))
    if (resolved instanceof Promise) return resolved.then((principal) => admit(request, principal))
    return admit(request, resolved) ?? undefined
  }

  /** Where no credential is needed a cached one counts by its subject, everything else by address. */
  function countPublic(request: FastifyRequest, reply: FastifyReply): void | Promise<void> {
    const token = /^Bearer +(\S{1,8192})$/i.exec(request.headers.authorization ?? '')?.[1]
    const principal = token === undefined ? undefined : keyring.peek(token)
    return principal === undefined ? admission.anonymous(request, reply) : admission.known(principal, reply)
  }

  /** A cookie that counts is read as the header, so that all that follows knows one form of credential. */
  function readCookie({ method, headers }: FastifyRequest): void {
    if (headers.authorization !== undefined || headers.cookie === undefined) return
    const token = keyring.readCookie({ method, headers })
    if (token !== undefined) headers.authorization = `Bearer ${token}`
  }

  return (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    if (mayBeAnonymous) {
      const { ip } = request
      request.authenticate = (token) =>
        admission.authenticate({ ip }, undefined, {
          resolve: () => keyring.resolve(token),
          remembered: () => keyring.peek(token),
          needsLookup: () => keyring.needsLookup(token),
        })
    }
    try {
      readCookie(request)
      const asking =
        auth !== 'public' || (mayBeAnonymous && request.headers.authorization !== undefined)
          ? admitOrAsk(request, reply)
          : isProbe && !request.url.includes('?') // with a query it is no load balancer's
            ? undefined
            : countPublic(request, reply)
      if (asking === undefined) done()
      else asking.then(() => done(), done)
    } catch (error) {
      done(error instanceof Error ? error : new Error('the gate failed', { cause: error }))
    }
  }
}

/** What there is of an account outside projects: its money, and what is recorded of it. */
const rootScopes = /^(ledger:|event:read$|audit:read$)/

/** Load balancers request them several times a second; they bound their own cost. */
const probes: ReadonlySet<string> = new Set(['/livez', '/readyz'])

function projectOf(params: unknown, principal: Principal): string {
  const named = typeof params === 'object' && params !== null && 'project' in params ? String(params.project) : ''
  if (named !== 'current') return named
  if (principal.project) return principal.project
  throw noOwnProject(principal, 'path.project')
}

const jsonMediaType = /^application\/json(?:[ \t]*;[ \t]*charset="?utf-8"?)?[ \t]*$/i

/** Throws unsupported_media_type unless the body is plain JSON, or there is none. */
export function requireJson(headers: FastifyRequest['headers']): void {
  const type = headers['content-type']
  const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
  if (type === undefined ? !isEmpty : !jsonMediaType.test(type)) {
    const sent = type === undefined ? 'there is no Content-Type' : `the Content-Type is ${shown(type)}`
    throw new ProblemError('unsupported_media_type', `the body must be application/json in UTF-8, and ${sent}`, {
      fix: 'Send the header Content-Type: application/json.',
    })
  }
  requireUncompressed(headers)
}

const printable = /^(?! *$)[\x20-\x7e]{1,200}$/

/** A string of a structured field (RFC 9651): `"x"`, which means the same as a bare `x`. */
const quoted = /^"((?:[^"\\]|\\["\\])*)"$/

function idempotencyKeyOf(headers: FastifyRequest['headers'], use: 'required' | 'optional'): string {
  const sent = headers['idempotency-key']
  const inner = typeof sent === 'string' ? quoted.exec(sent)?.[1] : undefined
  const key = inner === undefined ? sent : inner.replaceAll(/\\(["\\])/g, '$1')
  if (typeof key === 'string' && printable.test(key)) return key
  if (key === undefined && use === 'optional') return uuidv7()
  const message = key === undefined ? 'missing' : 'must be 1 to 200 printable ASCII characters'
  const fix = 'Send one per intended effect, for example a uuid, and the same again on a retry.'
  throw new ProblemError('invalid', `header.Idempotency-Key: ${message}`, {
    errors: [{ location: 'header.Idempotency-Key', message, fix }],
  })
}
