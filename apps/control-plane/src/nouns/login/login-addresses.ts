import { callable, loginEnd } from '@core/api/functions'
import type { Database, OwnerClaims } from '@core/database'
import { CoreError, isCoreError, uuidv7 } from '@core/foundation'
import { hashLoginToken } from '@core/providers/auth'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { z } from 'zod'
import { createGate } from '../../auth/gate.ts'
import { bearerToken } from '../../auth/keyring.ts'
import type { LoginCookie } from '../../auth/login-cookie.ts'
import { ownerClaimsOf } from '../../auth/principal.ts'
import { ProblemError } from '../../http/problem-error.ts'
import { isLoopback } from '../../process/loopback.ts'
import type { Door } from '../../process/noun.ts'
import { sendCodePage, sendCredentialPage } from './login-pages.ts'
import { requireRedirectTarget } from './redirect-target.ts'
import { flowForMs, type SealedFlow, type SignIn } from './sign-in.ts'

interface LoginAddresses {
  readonly signIn: SignIn
  readonly cookie: LoginCookie
  readonly database: Pick<Database, 'rpc'>
  readonly publicUrl: () => string
  readonly redirectOrigins: readonly string[]
  readonly forgetLogins: (principalSubject: string) => void
}

const loginForS = 30 * 86_400
const text = z.string().max(8192)
const beginQuery = z.strictObject({
  redirectTo: text.default('/docs'),
  challenge: z
    .string()
    .regex(/^[\w-]{43}$/)
    .optional(),
})
const redeemBody = z.strictObject({ code: text, verifier: z.string().regex(/^[\w~.-]{43,128}$/) })

/** The addresses of browsers and of the command, which answer with redirects and cookies: no part of the REST contract. */
export function installLoginAddresses(app: FastifyInstance, door: Door, dependencies: LoginAddresses): void {
  app.register(async (scope) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: 16 * 1024 },
      (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    )
    const gate = (auth: 'public' | 'authenticated', method: 'GET' | 'POST', path: `/${string}`) => ({
      method,
      url: path,
      exposeHeadRoute: false,
      config: { auth },
      onRequest: createGate(
        { auth, method, path, idempotencyKey: 'none' },
        door.keyring,
        door.admission,
        door.projects,
      ),
    })
    const addresses = createLoginAddresses(dependencies)
    scope.route({ ...gate('public', 'GET', '/v1/login'), handler: addresses.begin })
    scope.route({ ...gate('public', 'GET', '/v1/login/callback'), handler: addresses.comeBack })
    scope.route({ ...gate('public', 'POST', '/v1/login/callback'), handler: addresses.submit })
    scope.route({ ...gate('public', 'POST', '/v1/login/token'), handler: addresses.redeem })
    for (const [path, everywhere] of [
      ['/v1/logout', false],
      ['/v1/logout/all', true],
    ] as const) {
      const { onRequest, ...route } = gate('authenticated', 'POST', path)
      scope.route({
        ...route,
        onRequest: addresses.forgetRefused(onRequest, everywhere),
        handler: addresses.leave(everywhere),
      })
    }
  })
}

function createLoginAddresses({ signIn, cookie, database, publicUrl, redirectOrigins, forgetLogins }: LoginAddresses) {
  const callbackPath = '/v1/login/callback'
  const requestOf = ({ method, headers }: FastifyRequest) => ({ method, headers })

  async function begin(request: FastifyRequest, reply: FastifyReply) {
    const { redirectTo, challenge } = parse('query', beginQuery, request.query)
    const isShown = challenge !== undefined && redirectTo === 'code'
    if (!isShown) requireRedirectTarget(redirectTo, { origins: redirectOrigins, isForCommand: challenge !== undefined })
    // The issuer leads back to the public address, where a cookie of another name of this machine would be missing.
    const known = new URL(publicUrl())
    if (isOtherLoopback(request.headers.host, known)) {
      return reply.redirect(
        `${publicUrl()}/v1/login?${new URLSearchParams({ redirectTo, ...(challenge ? { challenge } : {}) })}`,
      )
    }
    const { url, ...flow } = await signIn.begin({ redirectTo, challenge })
    const kept = cookie.flow.keep(requestOf(request), { ...flow, maxAgeSeconds: flowForMs / 1000 })
    return reply.header('set-cookie', kept).redirect(url)
  }

  async function comeBack(request: FastifyRequest, reply: FastifyReply) {
    const query = new URLSearchParams(request.url.split('?')[1] ?? '')
    const state = query.get('state') ?? ''
    const kept = signIn.openFlow(state, cookie.flow.read(requestOf(request), state))
    if (signIn.isTyped(kept)) {
      const label = kept.provider === 'local' ? 'Owner key' : 'Token'
      return sendCredentialPage(reply, state, label, kept.flow.redirectTo === 'code' ? '/' : kept.flow.redirectTo)
    }
    return await arrive(request, reply, kept, query)
  }

  /** The form of the page above. A page of another origin must not sign anyone in. */
  async function submit(request: FastifyRequest, reply: FastifyReply) {
    if (!cookie.isOwnPage(requestOf(request)))
      throw new ProblemError('forbidden', 'this form is not from a page of this server')
    const fields = parse('body', z.strictObject({ state: text, credential: text }), request.body)
    const kept = signIn.openFlow(fields.state, cookie.flow.read(requestOf(request), fields.state))
    if (!signIn.isTyped(kept)) throw new ProblemError('forbidden', 'this sign-in is at its issuer')
    return await arrive(request, reply, kept, new URLSearchParams(fields))
  }

  async function arrive(request: FastifyRequest, reply: FastifyReply, kept: SealedFlow, query: URLSearchParams) {
    const person = await signIn.finish(kept, `${publicUrl()}${callbackPath}?${query}`)
    const { redirectTo, state } = kept.flow
    const cookies = [cookie.flow.remove(state)]
    if (kept.challenge !== undefined) {
      const code = signIn.makeCode(person, kept.challenge)
      reply.header('set-cookie', cookies)
      if (redirectTo === 'code') return sendCodePage(reply, code)
      const target = new URL(redirectTo, publicUrl())
      target.searchParams.set('code', code)
      return reply.redirect(target.href, 303)
    }
    cookies.push(cookie.keep(await signIn.open(person, request.id), loginForS))
    const target = redirectTo.startsWith('/')
      ? `${new URL(publicUrl()).pathname.replace(/\/+$/, '')}${redirectTo}`
      : redirectTo
    return reply.header('set-cookie', cookies).redirect(target, 303)
  }

  async function redeem(request: FastifyRequest, reply: FastifyReply) {
    const { code, verifier } = parse('body', redeemBody, request.body)
    return reply
      .code(200)
      .type('application/json; charset=utf-8')
      .send({ token: await signIn.redeem(code, verifier, request.id) })
  }

  const leave = (everywhere: boolean) => async (request: FastifyRequest, reply: FastifyReply) => {
    const principal = request.caller?.principal
    if (principal === undefined) throw new CoreError('E_INTERNAL', 'the gate let a request pass without a caller')
    if (principal.login === undefined) return reply.header('set-cookie', cookie.remove()).send({ ended: 0 })
    const { issuer, subject } = principal.login
    const which = everywhere ? { issuer, subject } : ownToken(request)
    const { ended } = await end(which, ownerClaimsOf(principal, request.id))
    forgetLogins(principal.subject)
    // Not before: a login that could not be ended would live on, and its browser could not try again.
    return reply.header('set-cookie', cookie.remove()).send({ ended })
  }

  /**
   * A page of this server that signs out with a login which does not count any more is signed out: it loses the cookie, and
   * the login ends where it would count again, as with an issuer that comes back. Whose others would have to end everywhere
   * is not known, so that is refused as it was.
   */
  const forgetRefused =
    (admit: ReturnType<typeof createGate>, everywhere: boolean): onRequestHookHandler =>
    (request, reply, done) => {
      const isPage = request.headers.authorization === undefined && cookie.isOwnPage(requestOf(request))
      admit(request, reply, (error) => {
        if (!isPage || !isCoreError(error, 'E_UNAUTHENTICATED')) return done(error)
        const isToken = request.headers.authorization !== undefined
        const ending = isToken
          ? end(ownToken(request), { role: 'owner', sub: 'anonymous', requestId: request.id })
          : { ended: 0 }
        Promise.resolve(ending).then(({ ended }) => {
          reply.header('set-cookie', cookie.remove())
          if (everywhere) done(error)
          else reply.send({ ended })
        }, done)
      })
    }

  const ownToken = ({ headers }: FastifyRequest) => ({ tokenHash: hashLoginToken(bearerToken(headers.authorization)) })
  const end = (which: { tokenHash: string } | { issuer: string; subject: string }, claims: OwnerClaims) =>
    callable(database, loginEnd)({ key: uuidv7(), ...which }, { claims })

  return { begin, comeBack, submit, redeem, leave, forgetRefused }
}

function isOtherLoopback(host: string | undefined, known: URL): boolean {
  if (host === undefined || host === known.host || !URL.canParse(`http://${host}`)) return false
  const isLocal = ({ hostname }: URL) => isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'))
  return isLocal(known) && isLocal(new URL(`http://${host}`))
}

function parse<Schema extends z.ZodType>(part: 'query' | 'body', schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value ?? {})
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.map(({ path, message }) => ({ location: [part, ...path].join('.'), message }))
  throw new ProblemError('invalid', errors.map(({ location, message }) => `${location}: ${message}`).join('; '), {
    errors,
  })
}
