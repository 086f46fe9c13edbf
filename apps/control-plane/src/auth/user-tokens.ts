import { hashApiKey, isRole, type Role } from '@core/api'
import { callable, memberRoles } from '@core/api/functions'
import type { Database } from '@core/database'
import { type Clock, systemClock } from '@core/foundation'
import { LRUCache } from 'lru-cache'
import { type Principal, userPrincipal } from './principal.ts'
import type { TokenClaims, TokenVerifier } from './token-verifier.ts'

/** The longest a verified signature is cached. */
const verifiedForMs = 60_000
/** The longest roles are cached, so the longest a change can go unnoticed. */
const rolesForMs = 30_000
const cachedTokens = 10_000

export interface UserTokensDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly verifier: TokenVerifier
  readonly clock?: Clock
}

/** Resolves tokens of the issuer; roles come from the projects' member lists. */
export interface UserTokens {
  /** As `Keyring.resolve`, for a token that has the form of one. */
  resolve(token: string): Principal | Promise<Principal>
  /** The principal of a token that is cached as valid. No call is made. */
  peek(token: string): Principal | undefined
  /** Drops the cached roles of one user, or of all. Their tokens stay verified. */
  forget(subject?: string): void
}

export function createUserTokens({ database, verifier, clock = systemClock }: UserTokensDependencies): UserTokens {
  // The cache reads a start of 0 as none, so its time begins at 1.
  const time = { perf: { now: () => clock.monotonic() + 1 }, ttlResolution: 0 }
  const verified = new LRUCache<string, TokenClaims>({ max: cachedTokens, ttl: verifiedForMs, ...time })
  const known = new LRUCache<string, Principal>({ max: cachedTokens, ttl: rolesForMs, ...time })
  const asking = new Map<string, Promise<Principal>>()
  let generation = 0

  async function ask(token: string, hash: string): Promise<Principal> {
    const claims = verified.get(hash) ?? (await verify(token, hash))
    const askedIn = generation
    const { roles } = await callable(database, memberRoles)({ subject: claims.subject })
    // A role of a later version is none that this one could judge.
    const byProject = roles.flatMap(({ project, role }): [string, Role][] => (isRole(role) ? [[project, role]] : []))
    const principal = userPrincipal(claims, byProject)
    const leftMs = claims.expiresAtMs - clock.now()
    // A change that arrived during the call may concern this user.
    if (leftMs > 0 && askedIn === generation) known.set(hash, principal, { ttl: Math.min(leftMs, rolesForMs) })
    return principal
  }

  async function verify(token: string, hash: string): Promise<TokenClaims> {
    const claims = await verifier.verify(token)
    const leftMs = claims.expiresAtMs - clock.now()
    if (leftMs > 0) verified.set(hash, claims, { ttl: Math.min(leftMs, verifiedForMs) })
    return claims
  }

  return {
    resolve(token) {
      const hash = hashApiKey(token)
      const cached = known.get(hash)
      if (cached !== undefined) return cached
      const pending = asking.get(hash)
      if (pending !== undefined) return pending
      const answer = ask(token, hash).finally(() => asking.get(hash) === answer && asking.delete(hash))
      asking.set(hash, answer)
      return answer
    },
    peek: (token) => known.get(hashApiKey(token)),
    forget(subject) {
      generation++
      asking.clear() // later calls must not get an answer from before the change
      for (const [hash, principal] of known.entries()) if (!subject || principal.subject === subject) known.delete(hash)
    },
  }
}
