import { hashApiKey, isApiKey, isLoginToken, type Scope } from '@core/api'
import { callable, keyConfirm, keyVerify } from '@core/api/functions'
import type { Database } from '@core/database'
import { type CallOptions, type Clock, CoreError, systemClock } from '@core/foundation'
import { LRUCache } from 'lru-cache'
import type { Authentication } from '../limits/admission.ts'
import type { CookieRequest } from './login-cookie.ts'
import type { Logins } from './logins.ts'
import { keyPrincipal, ownerPrincipal, type Principal } from './principal.ts'
import { isTokenForm } from './token-form.ts'
import type { UserTokens } from './user-tokens.ts'

/** The longest a valid key is cached since it was last asked about, so the longest a revocation can go unnoticed. */
const knownForMs = 30_000
/** How long a rejected key is cached. Short, because a key may be created a moment after it was tried. */
const unknownForMs = 5_000
/** Also the most that one call confirms. */
const cachedKeys = 10_000

export interface KeyringDependencies {
  readonly database: Pick<Database, 'rpc'>
  /** A key from the configuration that may do everything, in any form. It is never stored. */
  readonly ownerKey?: string | undefined
  /** Resolves tokens (JWT). Default: tokens are not accepted. */
  readonly userTokens?: UserTokens | undefined
  /** Resolves the tokens of logins (`cs_…`). Default: logins are not accepted. */
  readonly logins?: Logins | undefined
  /** Called with the id of a stored key each time it is accepted. Default: none. */
  readonly onUse?: ((keyId: string) => void) | undefined
  readonly clock?: Clock
}

export interface Keyring {
  /**
   * The principal of a bearer token, key or JWT: synchronous from the cache, else one database call for any number of
   * concurrent requests. Throws (or rejects with) E_UNAUTHENTICATED.
   */
  resolve(token: string): Principal | Promise<Principal>
  /** The principal of a token that is cached as valid. No call is made. */
  peek(token: string): Principal | undefined
  /** Whether only a look-up can decide if the token is valid: it is well-formed, and was not rejected a moment ago. */
  needsLookup(token: string): boolean
  /** Drops one key from the cache, or all keys. */
  forget(keyId?: string): void
  /**
   * Asks about all cached keys that were used since they were asked about, in one call: those that are still good are
   * cached for their whole time again, the others are dropped. Rejects where the database is away; then all stay as they were.
   */
  confirm(options?: CallOptions): Promise<void>
  /** Drops the cached roles of one user, or of all. */
  forgetUser(subject?: string): void
  /** Drops one login from the cache, or all. */
  forgetLogin(id?: string): void
  /** The token of a cookie that counts; undefined where there is none. */
  readCookie(request: CookieRequest): string | undefined
}

type Refusal = 'key_unknown' | 'key_expired' | 'key_disabled' | 'project_archived' | 'token_not_accepted'
interface Refused {
  /** Undefined for a key that does not exist. */
  readonly keyId: string | undefined
  readonly reason: Refusal
}
interface Known {
  readonly keyId: string
  readonly principal: Principal
  /** How many the database has for it, with those of a later version. */
  readonly scopes: number
  isUsed: boolean
}

export function createKeyring({
  database,
  ownerKey,
  userTokens,
  logins,
  onUse,
  ...options
}: KeyringDependencies): Keyring {
  const { clock = systemClock } = options
  const ownerHash = ownerKey === undefined ? undefined : hashApiKey(ownerKey)
  // The cache reads a start of 0 as none, so its time begins at 1.
  const time = { perf: { now: () => clock.monotonic() + 1 }, ttlResolution: 0 }
  const known = new LRUCache<string, Known>({ max: cachedKeys, ttl: knownForMs, ...time })
  const refused = new LRUCache<string, Refused>({ max: cachedKeys, ttl: unknownForMs, ...time })
  const asking = new Map<string, Promise<Principal>>()
  let generation = 0

  async function ask(hash: string): Promise<Principal> {
    const [askedIn, askedAt] = [generation, clock.monotonic()]
    const answer = await callable(database, keyVerify)({ hash })
    if (!answer.ok) {
      // The key may have been enabled again during the call.
      if (askedIn === generation) {
        const keyId = answer.code === 'key_unknown' ? undefined : answer.id
        refused.set(hash, { keyId, reason: answer.code })
      }
      throw refuse(answer.code)
    }
    const { id } = answer
    onUse?.(id)
    const principal = keyPrincipal(answer)
    // A revocation that arrived during the call may concern this key.
    if (askedIn === generation) know(hash, { keyId: id, principal, scopes: answer.caps.length, isUsed: true }, askedAt)
    return principal
  }

  /** Caches a key that was good when it was asked about, by the monotonic clock. */
  function know(hash: string, entry: Known, askedAt: number): void {
    const { expiresAt } = entry.principal
    const endsInMs = expiresAt === null ? knownForMs : Date.parse(expiresAt) - clock.now()
    const ttl = Math.min(askedAt + knownForMs - clock.monotonic(), endsInMs)
    if (ttl > 0) known.set(hash, entry, { ttl })
    else known.delete(hash)
  }

  return {
    resolve(token) {
      const hash = hashApiKey(token)
      if (hash === ownerHash) return ownerPrincipal
      const cached = known.get(hash)
      if (cached !== undefined) {
        cached.isUsed = true
        onUse?.(cached.keyId)
        return cached.principal
      }
      if (isTokenForm(token)) {
        if (userTokens === undefined) throw refuse('token_not_accepted')
        return userTokens.resolve(token)
      }
      if (logins !== undefined && isLoginToken(token)) return logins.resolve(token)
      const refusal = refused.get(hash)
      if (refusal !== undefined) throw refuse(refusal.reason)
      if (!isApiKey(token)) throw refuse('key_unknown')
      const pending = asking.get(hash)
      if (pending !== undefined) return pending
      const answer = ask(hash).finally(() => asking.get(hash) === answer && asking.delete(hash))
      asking.set(hash, answer)
      return answer
    },
    peek(token) {
      const hash = hashApiKey(token)
      if (hash === ownerHash) return ownerPrincipal
      if (isTokenForm(token)) return userTokens?.peek(token)
      return isLoginToken(token) ? logins?.peek(token) : known.get(hash)?.principal
    },
    needsLookup(token) {
      if (isTokenForm(token)) return userTokens !== undefined
      if (isLoginToken(token)) return logins?.isRefused(token) === false
      return isApiKey(token) && refused.get(hashApiKey(token)) === undefined
    },
    forget(keyId) {
      generation++
      asking.clear() // later calls must not get an answer from before the change
      for (const [hash, entry] of known.entries()) if (!keyId || entry.keyId === keyId) known.delete(hash)
      for (const [hash, entry] of refused.entries()) if (!keyId || entry.keyId === keyId) refused.delete(hash)
      logins?.forget(keyId ? { subject: `key:${keyId}` } : {})
    },
    async confirm(options) {
      const used = [...known.entries()].filter(([, { isUsed }]) => isUsed)
      if (used.length === 0) return
      const [askedIn, askedAt] = [generation, clock.monotonic()]
      const answer = await callable(database, keyConfirm)({ ids: used.map(([, { keyId }]) => keyId) }, options)
      if (askedIn !== generation) return // the next call asks again
      const present = new Map(answer.keys.map((key) => [key.id, key]))
      for (const [hash, entry] of used) {
        entry.isUsed = false
        // One that changed is looked up again: its end may move, and scopes may be added.
        const { expires_at: end, scopes } = present.get(entry.keyId) ?? {}
        if (end === entry.principal.expiresAt && scopes === entry.scopes) know(hash, entry, askedAt)
        else known.delete(hash)
      }
    },
    forgetUser(subject) {
      userTokens?.forget(subject)
      logins?.forget(subject ? { subject } : {})
    },
    forgetLogin: (id) => logins?.forget(id ? { id } : {}),
    readCookie: (request) => logins?.cookie.read(request),
  }
}

const refusals: Readonly<Record<Refusal, string>> = {
  key_unknown: 'this API key is not known',
  key_expired: 'this API key has expired',
  key_disabled: 'this API key has been disabled or revoked',
  project_archived: 'the project of this API key is archived',
  token_not_accepted: 'this server accepts API keys and no tokens',
}

const fixes: Partial<Readonly<Record<Refusal, string>>> = {
  token_not_accepted: 'Send an API key, or set CORE_JWT_ISSUER where the server runs.',
  project_archived: 'Ask the owner to restore the project: core project restore.',
}

function refuse(reason: Refusal): CoreError {
  return new CoreError('E_UNAUTHENTICATED', refusals[reason], {
    details: { reason },
    fix: fixes[reason] ?? 'Check that the whole key was copied, or make a new one.',
  })
}

/** How a request with this header is authenticated. */
export function authenticationOf(keyring: Keyring, header: string | undefined, isPatient = false): Authentication {
  return {
    isPatient,
    resolve: () => keyring.resolve(bearerToken(header)),
    remembered: () => (header === undefined ? undefined : keyring.peek(bearerToken(header))),
    needsLookup: () => header !== undefined && keyring.needsLookup(bearerToken(header)),
  }
}

/** The token of an Authorization header: a key, or a JWT of up to 8 KB. Throws E_UNAUTHENTICATED where there is none. */
export function bearerToken(header: string | undefined): string {
  const [, token] = /^Bearer +([A-Za-z0-9._~+/-]{1,8192}=*)$/i.exec(header ?? '') ?? []
  if (token !== undefined) return token
  throw new CoreError(
    'E_UNAUTHENTICATED',
    header === undefined ? 'this address needs a credential' : 'the Authorization header is not a bearer token',
    { details: { reason: 'credential_missing' }, fix: 'Send the header Authorization: Bearer <key or token>.' },
  )
}

/** Throws E_FORBIDDEN unless the principal has the scope. */
export function requireScope({ scopes }: Principal, scope: Scope): void {
  if (scopes.has(scope)) return
  throw new CoreError('E_FORBIDDEN', `this credential lacks the scope ${scope}`, {
    details: { reason: 'forbidden_capability', scope },
    fix: `Ask the owner for a key or a role with ${scope}.`,
  })
}
