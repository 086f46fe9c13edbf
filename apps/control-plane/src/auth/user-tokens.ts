import { hashApiKey, isRole, type Role } from '@core/api'
import type { Database } from '@core/database'
import { type Clock, systemClock } from '@core/foundation'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { type Principal, userPrincipal } from './principal.ts'
import type { TokenClaims, TokenVerifier } from './token-verifier.ts'

/** How long a token is believed without looking at its signature again, at most. */
const verifiedForMs = 60_000
/** How long roles are believed without asking, at most: the longest a change can go unnoticed. */
const rolesForMs = 30_000
const cachedTokens = 10_000

export interface UserTokensDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly verifier: TokenVerifier
  readonly clock?: Clock
}

/** Those who come with a token of the issuer; their roles are the members' of the projects. */
export interface UserTokens {
  /** As `Keyring.resolve`, for a token that has the form of one. */
  resolve(token: string): Principal | Promise<Principal>
  /** The principal of a token that is known to be good already. Asks nobody. */
  peek(token: string): Principal | undefined
  /** Drops what is remembered of a person's roles, or of everybody's. Their tokens stay as good as they were. */
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
    const { roles } = rolesSchema.parse(await database.rpc('member_roles', { p_subject: claims.subject }))
    // A role of a later version is none that this one could judge.
    const byProject = roles.flatMap(({ project, role }): [string, Role][] => (isRole(role) ? [[project, role]] : []))
    const principal = userPrincipal(claims, byProject)
    const leftMs = claims.expiresAtMs - clock.now()
    // A change that arrived while the question was out may concern this very person.
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
      asking.clear() // whoever asks from now on must not be told what was true before
      for (const [hash, principal] of known.entries()) if (!subject || principal.subject === subject) known.delete(hash)
    },
  }
}

const rolesSchema = z.object({
  ok: z.literal(true),
  roles: z.array(z.object({ project: z.string(), role: z.string() })),
})
