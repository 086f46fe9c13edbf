import { hash, randomBytes } from 'node:crypto'
import { callable, loginCheck, loginEnd, loginOpen } from '@core/api/functions'
import type { Database } from '@core/database'
import { type CallOptions, uuidv7 } from '@core/foundation'
import type { BegunLogin, FinishedLogin, LoginDriver } from './login-driver.ts'
import type { Person } from './person.ts'

export interface NewLogin {
  /** `cs_` and 32 random bytes. It is shown once: the database keeps its SHA-256. */
  readonly token: string
  readonly person: Person
}

/** Signs people in, knows who is signed in, and signs them out. */
export interface AuthProvider {
  readonly name: string
  getLoginUrl(options: { readonly redirectTo: string }, call?: CallOptions): Promise<BegunLogin>
  /** @throws CoreError as `LoginDriver.finish`. */
  createLogin(options: FinishedLogin, call?: CallOptions): Promise<NewLogin>
  /** Null for a token that is unknown, has ended, or is of another issuer. Throws only where the database is unavailable. */
  verifyLogin(token: string, call?: CallOptions): Promise<Person | null>
  /** Ends the login of a token; idempotent. */
  revokeLogin(token: string, call?: CallOptions): Promise<void>
}

export interface AuthProviderDependencies {
  readonly driver: LoginDriver
  readonly database: Pick<Database, 'rpc'>
}

export function createAuthProvider({ driver, database }: AuthProviderDependencies): AuthProvider {
  return {
    name: driver.name,
    getLoginUrl: (options, call) => driver.begin(options, call),
    async createLogin(options, call) {
      const person = await driver.finish(options, call)
      return { token: await openLogin(database, person, uuidv7(), call), person }
    },
    async verifyLogin(token, call) {
      if (!loginTokenForm.test(token)) return null
      const answer = await callable(database, loginCheck)({ tokenHash: hashLoginToken(token) }, call)
      return answer.ok && answer.issuer === driver.issuer ? toPerson(answer) : null
    },
    async revokeLogin(token, call) {
      if (!loginTokenForm.test(token)) return
      await callable(database, loginEnd)({ key: uuidv7(), tokenHash: hashLoginToken(token) }, call)
    },
  }
}

const loginTokenForm = /^cs_[\w-]{43}$/

/** What the database looks a token up by. A plain hash is enough: there are 256 random bits in it. */
export function hashLoginToken(token: string): string {
  return hash('sha256', token)
}

/** Opens a login for a person whose proof was checked, once per key, and returns its token. */
export async function openLogin(
  database: Pick<Database, 'rpc'>,
  { issuer, subject, sid, email, name }: Person,
  key: string,
  call?: CallOptions,
): Promise<string> {
  const token = `cs_${randomBytes(32).toString('base64url')}`
  const claims = { email, name }
  await callable(database, loginOpen)({ key, tokenHash: hashLoginToken(token), issuer, subject, sid, claims }, call)
  return token
}

interface KeptLogin {
  readonly issuer: string
  readonly subject: string
  readonly sid: string | null
  readonly claims: Readonly<Record<string, unknown>>
}

function toPerson({ issuer, subject, sid, claims }: KeptLogin): Person {
  const text = (name: string) => (typeof claims[name] === 'string' ? claims[name] : undefined)
  return { issuer, subject, sid: sid ?? undefined, email: text('email'), name: text('name') }
}
