import { hash } from 'node:crypto'
import { isLoginToken } from '@core/api'
import { createFlags, declareFlags } from '@core/config/flags'
import type { Database } from '@core/database'
import { type CallOptions, CoreError, isCoreError } from '@core/foundation'
import {
  challengeOf,
  createLocalDriver,
  type LoginDriver,
  openLogin,
  openLoginDriver,
  type Person,
} from '@core/providers/auth'
import { z } from 'zod'
import { ownerKeyMark } from '../../auth/logins.ts'
import { isOwner } from '../../auth/principal.ts'
import type { Kernel } from '../../process/noun.ts'

export const flowForMs = 600_000
const codeForMs = 60_000
const flagPollMs = 2_000

const flowSchema = z.object({
  provider: z.string(),
  flow: z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), redirectTo: z.string() }),
  challenge: z.string().optional(),
  endsAtMs: z.number(),
})
/** What a browser that signs in keeps, sealed. */
export type SealedFlow = z.infer<typeof flowSchema>

const codeSchema = z.object({
  person: z.object({
    issuer: z.string(),
    subject: z.string(),
    sid: z.string().optional(),
    email: z.string().optional(),
    name: z.string().optional(),
  }),
  challenge: z.string(),
  endsAtMs: z.number(),
})

export interface SignIn extends AsyncDisposable {
  begin(options: { readonly redirectTo: string; readonly challenge?: string | undefined }): Promise<Begun>
  /** What the browser keeps, opened. @throws CoreError E_UNAUTHENTICATED where it is none of this server, or too old. */
  openFlow(state: string, sealed: string | undefined): SealedFlow
  /** Whether a person types the credential into a page of this server. */
  isTyped(sealed: SealedFlow): boolean
  finish(sealed: SealedFlow, callback: string): Promise<Person>
  /** A login of this person; the token is for the browser. */
  open(person: Person, requestId: string): Promise<string>
  /** A code that is worth one login to the program that has the verifier, for a minute. */
  makeCode(person: Person, challenge: string): string
  redeem(code: string, verifier: string, requestId: string): Promise<string>
}

interface Begun {
  readonly url: string
  readonly state: string
  readonly sealed: string
  readonly startedAtMs: number
}

/** Signing in by the provider that the settings and the flag `providers.auth` name. Keeps nothing between two requests. */
export function createSignIn({ config, database, vault, keyring, publicUrl, logger, clock }: Kernel): SignIn {
  const settings = config.auth
  const redirectUri = () => `${publicUrl()}/v1/login/callback`
  const local = createLocalDriver({ redirectUri, resolve: findOwner })
  const names: [string, ...string[]] = settings.provider === 'local' ? ['local'] : [settings.provider, 'local']
  const declarations = declareFlags({
    'providers.auth': {
      description: 'How people sign in.',
      default: settings.provider,
      schema: z.enum(names),
    },
  })
  let flags: ReturnType<typeof createFlags<typeof declarations>> | undefined
  let opening: Promise<LoginDriver> | undefined

  async function findOwner(key: string) {
    if (isLoginToken(key)) return undefined // a login must not outlive its end by opening the next one
    try {
      const principal = await keyring.resolve(key)
      if (!isOwner(principal) || principal.roles !== undefined) return undefined
      const { subject } = principal
      return subject === 'owner' ? { subject, sid: ownerKeyMark(key) } : { subject }
    } catch (error) {
      if (isCoreError(error, 'E_UNAUTHENTICATED')) return undefined
      throw error
    }
  }

  async function driverOf(name: string): Promise<LoginDriver> {
    if (name === 'local') return local
    if (name !== settings.provider) throw refused('this sign-in began at a provider that is no longer configured')
    opening ??= openLoginDriver({ settings, redirectUri, resolve: findOwner }).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return await opening
  }

  async function chosen(): Promise<LoginDriver> {
    if (flags === undefined && names.length > 1) {
      flags = createFlags({ declarations, database, logger, pollMs: flagPollMs })
      await flags.refresh().catch(() => undefined) // away: the configured one
    }
    return await driverOf(flags?.get('providers.auth') ?? settings.provider)
  }

  function openSealed<Value>(place: readonly string[], sealed: string, schema: z.ZodType<Value>): Value | undefined {
    try {
      return schema.parse(JSON.parse(vault.open(place, sealed).reveal()))
    } catch (error) {
      if (isCoreError(error, 'E_CONFLICT') && error.details['reason'] === 'no_secrets_key') throw error
      return undefined
    }
  }

  /** The journal names the person who signed in. */
  const bound = (subject: string, requestId: string): Pick<Database, 'rpc'> => ({
    rpc: (name, args, options) =>
      database.rpc(name, args, { ...options, claims: { role: 'owner', sub: subject, requestId } }),
  })
  const openFor = (person: Person, key: string, requestId: string, call?: CallOptions) =>
    openLogin(bound(subjectOf(person), requestId), person, key, call)

  return {
    async begin({ redirectTo, challenge }) {
      const driver = await chosen()
      const { url, flow } = await driver.begin({ redirectTo })
      const startedAtMs = clock.now()
      const kept: SealedFlow = { provider: driver.name, flow, challenge, endsAtMs: startedAtMs + flowForMs }
      const sealed = vault.seal(['login', 'flow', flow.state], JSON.stringify(kept))
      return { url, state: flow.state, sealed, startedAtMs }
    },
    openFlow(state, sealed) {
      const kept = sealed === undefined ? undefined : openSealed(['login', 'flow', state], sealed, flowSchema)
      if (kept === undefined || kept.endsAtMs <= clock.now()) {
        throw refused('this browser has not begun this sign-in, or took longer than ten minutes')
      }
      return kept
    },
    isTyped: ({ provider }) => provider === 'local' || provider === 'tokens',
    finish: async ({ provider, flow }, callback) => await (await driverOf(provider)).finish({ callback, flow }),
    open: (person, requestId) => openFor(person, requestId, requestId),
    makeCode: (person, challenge) =>
      vault.seal(['login', 'code'], JSON.stringify({ person, challenge, endsAtMs: clock.now() + codeForMs })),
    async redeem(code, verifier, requestId) {
      const kept = openSealed(['login', 'code'], code, codeSchema)
      if (kept === undefined || kept.endsAtMs <= clock.now() || challengeOf(verifier) !== kept.challenge) {
        throw refused('this code is none of this server, is older than a minute, or is for another program')
      }
      try {
        return await openFor(kept.person, `code:${hash('sha256', code)}`, requestId)
      } catch (error) {
        if (isCoreError(error, 'E_IDEMPOTENCY_MISMATCH')) throw refused('this code was used before')
        throw error
      }
    },
    [Symbol.asyncDispose]: async () => await flags?.close(),
  }
}

/** As journals name the person. */
function subjectOf({ issuer, subject }: Person): string {
  return issuer === 'local' ? subject : `user:${subject}`
}

function refused(message: string): CoreError {
  return new CoreError('E_UNAUTHENTICATED', message, { fix: 'Sign in again.', details: { reason: 'login_failed' } })
}
