import { isCoreError } from '@core/foundation'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../auth/principal.ts'
import { ProblemError } from '../http/problem-error.ts'
import { addressKey } from './address-key.ts'
import type { Decision, Limiter } from './limiter.ts'
import { createLookupLanes, type LookupLanes } from './lookup-lanes.ts'
import type { RateLimits } from './rate-limits.ts'

/** Resolves the principal of a request; `remembered` from the cache alone. */
export interface Authentication {
  resolve(): Principal | Promise<Principal>
  remembered(): Principal | undefined
  /** Whether only a look-up can decide if the credential is valid: it is well-formed, and was not rejected a moment ago. */
  needsLookup(): boolean
  /** No work waits for the answer: the request may be counted a moment later, together with others. */
  readonly isPatient?: boolean
}

/** Counts requests against their limits: by credential, else by address. Each throws or rejects with rate_limited. */
export interface Admission {
  /** A request without a credential. */
  anonymous(request: Pick<FastifyRequest, 'ip'>, reply: FastifyReply | undefined): void | Promise<void>
  /** A request whose credential is known to be good. */
  known(principal: Principal, reply: FastifyReply): void | Promise<void>
  /**
   * A request with one; a failure counts against the address. Synchronous where everything is cached. Without a
   * reply no RateLimit header is sent: the credential came after the answer.
   */
  authenticate(
    request: Pick<FastifyRequest, 'ip'>,
    reply: FastifyReply | undefined,
    authentication: Authentication,
  ): Principal | Promise<Principal>
}

export function createAdmission(
  { anonymous, credential, failedAuthentication }: RateLimits,
  lanes: LookupLanes = createLookupLanes(),
): Admission {
  /** Counts a failure. Over the limit the answer asks the caller to wait, and no longer says that the credential is wrong. */
  async function fail(reply: FastifyReply | undefined, address: string, error: unknown): Promise<never> {
    if (isCoreError(error, 'E_UNAUTHENTICATED')) await pass(failedAuthentication, address, reply)
    // The token can be neither accepted nor rejected now; it must not be free to send one.
    if (isCoreError(error, 'E_ISSUER_UNAVAILABLE')) await pass(anonymous, address, reply)
    throw error
  }

  /** Where sign-up is open a token alone proves little: a user without a role counts by address. */
  function passAs({ subject, roles }: Principal, address: string, reply: FastifyReply | undefined, isPatient = false) {
    return roles?.size === 0 ? pass(anonymous, address, reply) : pass(credential, subject, reply, isPatient)
  }

  function count(principal: Principal, address: string, reply: FastifyReply | undefined, isPatient?: boolean) {
    const counted = passAs(principal, address, reply, isPatient)
    return counted instanceof Promise ? counted.then(() => principal) : principal
  }

  return {
    known: (principal, reply) => passAs(principal, addressKey(reply.request.ip), reply),
    anonymous: (request, reply) => pass(anonymous, addressKey(request.ip), reply),
    authenticate(request, reply, { resolve, remembered, needsLookup, isPatient }) {
      const address = addressKey(request.ip)
      const refused = failedAuthentication.refusal(address)
      if (refused !== undefined && remembered() === undefined) {
        if (!needsLookup()) throw refuse(failedAuthentication, refused)
        // An unknown credential may be valid: what failed before must not lock out its neighbours.
        return lanes
          .run(address, () => remembered() ?? resolve())
          .then(
            (principal) => {
              if (principal === undefined) throw refuse(failedAuthentication, refused)
              return count(principal, address, reply, isPatient)
            },
            (error: unknown) => fail(reply, address, error),
          )
      }
      try {
        const resolved = resolve()
        if (!(resolved instanceof Promise)) return count(resolved, address, reply, isPatient)
        return resolved.then(
          (principal) => count(principal, address, reply, isPatient),
          (error: unknown) => fail(reply, address, error),
        )
      } catch (error) {
        return fail(reply, address, error)
      }
    },
  }
}

/** Addresses that lead nowhere have no route that would count them. */
export function installUnknownAddressLimit(app: FastifyInstance, admission: Admission): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done()
    try {
      const counting = admission.anonymous(request, reply)
      if (counting === undefined) done()
      else counting.then(() => done(), done)
    } catch (error) {
      done(error instanceof Error ? error : new Error('the limit failed', { cause: error }))
    }
  })
}

/** Counts one request and sets the RateLimit headers. */
function pass(limiter: Limiter, key: string, reply: FastifyReply | undefined, isPatient = false): void | Promise<void> {
  const decision = limiter.take(key, isPatient)
  if (decision instanceof Promise) return decision.then((decided) => applyDecision(limiter, decided, reply))
  applyDecision(limiter, decision, reply)
}

function applyDecision(limiter: Limiter, decision: Decision, reply: FastifyReply | undefined): void {
  if (!decision.isAllowed) throw refuse(limiter, decision)
  reply?.header('ratelimit-policy', policyOf(limiter)).header('ratelimit', restOf(limiter, decision))
}

function refuse(limiter: Limiter, decision: Decision): ProblemError {
  const { limit, windowMs, name } = limiter
  const retryAfterSeconds = Math.max(1, Math.ceil(decision.resetMs / 1000))
  return new ProblemError('rate_limited', `more than ${limit} requests in ${windowMs / 1000} seconds`, {
    headers: {
      'ratelimit-policy': policyOf(limiter),
      ratelimit: restOf(limiter, decision),
      'retry-after': String(retryAfterSeconds),
    },
    facts: { limit, windowSeconds: windowMs / 1000, policy: name, retryAfterSeconds },
  })
}

// As in draft-ietf-httpapi-ratelimit-headers-10.

function policyOf({ name, limit, windowMs }: Limiter): string {
  return `"${name}";q=${limit};w=${windowMs / 1000}`
}

function restOf({ name }: Limiter, { remaining, resetMs }: Decision): string {
  return `"${name}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`
}
