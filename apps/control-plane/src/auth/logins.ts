import { hashApiKey, isRole, type Role } from '@core/api'
import { callable, keyGet, loginCheck, memberRoles } from '@core/api/functions'
import type { AuthSettings } from '@core/config'
import type { Database } from '@core/database'
import { type Clock, CoreError, isCoreError, systemClock } from '@core/foundation'
import { hashLoginToken, localIssuer } from '@core/providers/auth'
import { LRUCache } from 'lru-cache'
import type { LoginCookie } from './login-cookie.ts'
import { isOwner, keyPrincipal, ownerPrincipal, type Principal, userPrincipal } from './principal.ts'

/** The longest a login is cached, so the longest its end or a change of roles can go unnoticed. */
const knownForMs = 30_000
/** How long a rejected token is cached. */
const unknownForMs = 5_000
const cachedTokens = 10_000

export interface LoginsDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly settings: Pick<AuthSettings, 'provider' | 'issuer'>
  readonly ownerKey?: string | undefined
  readonly cookie: LoginCookie
  readonly clock?: Clock
}

/** Resolves the tokens of logins; what a person may do comes from the projects' member lists. */
export interface Logins {
  readonly cookie: LoginCookie
  /** As `Keyring.resolve`, for a token that has the form of one. */
  resolve(token: string): Principal | Promise<Principal>
  /** The principal of a token that is cached as valid. No call is made. */
  peek(token: string): Principal | undefined
  /** Whether it was rejected a moment ago. */
  isRefused(token: string): boolean
  /** Drops what is cached of a login by its id, of a subject, or of all. */
  forget(what?: { readonly id?: string; readonly subject?: string }): void
}

export function createLogins({
  database,
  settings,
  ownerKey,
  cookie,
  clock = systemClock,
}: LoginsDependencies): Logins {
  // The cache reads a start of 0 as none, so its time begins at 1.
  const time = { perf: { now: () => clock.monotonic() + 1 }, ttlResolution: 0 }
  const known = new LRUCache<string, Principal>({ max: cachedTokens, ttl: knownForMs, ...time })
  const refused = new LRUCache<string, true>({ max: cachedTokens, ttl: unknownForMs, ...time })
  const asking = new Map<string, Promise<Principal>>()
  let generation = 0

  async function ask(hash: string): Promise<Principal> {
    const askedIn = generation
    const answer = await callable(database, loginCheck)({ tokenHash: hash })
    const principal = answer.ok ? await principalOf(answer) : undefined
    if (!answer.ok || principal === undefined) {
      if (askedIn === generation) refused.set(hash, true)
      throw refuse(answer.ok ? 'login_issuer' : answer.code)
    }
    const { id, issuer, subject, expires_at: expiresAt } = answer
    const own = { ...principal, login: { id, issuer, subject } }
    const leftMs = Date.parse(principal.expiresAt ?? expiresAt) - clock.now()
    // An end that arrived during the call may concern this login.
    if (leftMs > 0 && askedIn === generation) known.set(hash, own, { ttl: Math.min(leftMs, knownForMs) })
    return own
  }

  interface Checked {
    readonly issuer: string
    readonly subject: string
    readonly sid: string | null
    readonly expires_at: string
  }

  /** Undefined where the issuer is no longer the configured one, or the key that signed in is no longer an owner's. */
  async function principalOf({ issuer, subject, sid, expires_at: expiresAt }: Checked): Promise<Principal | undefined> {
    if (issuer === localIssuer) {
      if (subject !== 'owner') return await keyHolder(subject, expiresAt)
      return ownerKey !== undefined && sid === ownerKeyMark(ownerKey) ? { ...ownerPrincipal, expiresAt } : undefined
    }
    if (settings.provider === 'local' || issuer !== settings.issuer) return undefined
    const user = { subject: `user:${subject}`, expiresAtMs: Date.parse(expiresAt), role: undefined }
    const { roles } = await callable(database, memberRoles)({ subject: user.subject })
    // A role of a later version is none that this one could judge.
    return userPrincipal(
      user,
      roles.flatMap(({ project, role }): [string, Role][] => (isRole(role) ? [[project, role]] : [])),
    )
  }

  async function keyHolder(subject: string, expiresAt: string): Promise<Principal | undefined> {
    try {
      const key = await callable(database, keyGet)({ id: subject.replace(/^key:/, '') })
      const principal = keyPrincipal(key)
      return key.status === 'active' && isOwner(principal)
        ? { ...principal, expiresAt: earlier(principal.expiresAt, expiresAt) }
        : undefined
    } catch (error) {
      if (isCoreError(error, 'E_NOT_FOUND')) return undefined
      throw error
    }
  }

  return {
    cookie,
    resolve(token) {
      const hash = hashLoginToken(token)
      const cached = known.get(hash)
      if (cached !== undefined) return cached
      if (refused.get(hash) !== undefined) throw refuse('login_unknown')
      const pending = asking.get(hash)
      if (pending !== undefined) return pending
      const answer = ask(hash).finally(() => asking.get(hash) === answer && asking.delete(hash))
      asking.set(hash, answer)
      return answer
    },
    peek: (token) => known.get(hashLoginToken(token)),
    isRefused: (token) => refused.get(hashLoginToken(token)) !== undefined,
    forget({ id, subject } = {}) {
      generation++
      asking.clear() // later calls must not get an answer from before the change
      for (const [hash, principal] of known.entries()) {
        const isMeant = id ? principal.login?.id === id : !subject || principal.subject === subject
        if (isMeant) known.delete(hash)
      }
    },
  }
}

function earlier(one: string | null, other: string): string {
  return one !== null && Date.parse(one) < Date.parse(other) ? one : other
}

/** Ends the logins of the owner when the owner key is another one; too short to find a key by. */
export function ownerKeyMark(ownerKey: string): string {
  return hashApiKey(ownerKey).slice(0, 6)
}

const refusals = {
  login_unknown: 'this login is not known or has ended',
  login_expired: 'this login has expired',
  login_issuer: 'this login is of another issuer, or of a key that is no longer an owner key',
} as const

function refuse(reason: keyof typeof refusals): CoreError {
  return new CoreError('E_UNAUTHENTICATED', refusals[reason], {
    details: { reason },
    fix: 'Sign in again: GET /v1/login, or core login.',
  })
}
