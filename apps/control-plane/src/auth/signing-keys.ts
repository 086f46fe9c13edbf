import { isKeyAddress } from '@core/config'
import { type Clock, CoreError, isCoreError, systemClock } from '@core/foundation'
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose'
import { z } from 'zod'

export interface SigningKeysDependencies {
  readonly issuer: string
  /** Undefined: the issuer's OIDC discovery says so, else it is `/.well-known/jwks.json` below it. */
  readonly jwksUrl: string | undefined
  readonly fetch?: typeof fetch
  readonly clock?: Clock
  /** Milliseconds that a key which is not there keeps the issuer from being asked again. Default 30,000. */
  readonly cooldownMs?: number
  /** Milliseconds of one request to the issuer. Default 3,000. */
  readonly timeoutMs?: number
}

/** How long keys are cached: a key that the issuer withdraws is rejected by then. */
const maxAgeMs = 600_000
/** After a failure, requests that need the issuer are refused at once for this long. */
const pauseMs = 2000

const discoverySchema = z.looseObject({ issuer: z.string(), jwks_uri: z.string() })

/**
 * The public keys of an issuer, fetched when they are first needed and when a token names one that is not known.
 * However many tokens come, the issuer is asked once at a time, and for an unknown key once in a cooldown. Rejects
 * with E_ISSUER_UNAVAILABLE where the keys cannot be had, and with an error of jose where they do not have this one.
 */
export function createSigningKeys(dependencies: SigningKeysDependencies): JWTVerifyGetKey {
  const { issuer, jwksUrl, fetch: send = fetch, clock = systemClock } = dependencies
  const { cooldownMs = 30_000, timeoutMs = 3000 } = dependencies
  let keys: Promise<JWTVerifyGetKey> | undefined
  let failure: { readonly error: CoreError; readonly untilMs: number } | undefined

  /** Known keys continue serving while the issuer is away: only what would ask it is refused. */
  const ask: typeof fetch = async (address, options) => {
    if (failure !== undefined && clock.monotonic() < failure.untilMs) throw failure.error
    return send(address, options)
  }

  async function open(): Promise<JWTVerifyGetKey> {
    const url = jwksUrl ?? (await discover(issuer, ask, timeoutMs))
    return createRemoteJWKSet(new URL(url), {
      cooldownDuration: cooldownMs,
      timeoutDuration: timeoutMs,
      cacheMaxAge: maxAgeMs,
      [customFetch]: (address, options) => ask(address, options),
    })
  }

  return async (header, token) => {
    try {
      keys ??= open().catch((error: unknown) => {
        keys = undefined
        throw error
      })
      const find = await keys
      return await find(header, token)
    } catch (error) {
      if (isAboutToken(error) || error === failure?.error) throw error
      const unavailable = isCoreError(error) ? error : away(issuer, error)
      failure = { error: unavailable, untilMs: clock.monotonic() + pauseMs }
      throw unavailable
    }
  }
}

/** How many keys an issuer publishes right now. Rejects with E_ISSUER_UNAVAILABLE where they cannot be had. */
export async function countSigningKeys({ issuer, jwksUrl }: Pick<SigningKeysDependencies, 'issuer' | 'jwksUrl'>) {
  try {
    const set = createRemoteJWKSet(new URL(jwksUrl ?? (await discover(issuer, fetch, 3000))), { timeoutDuration: 3000 })
    await set.reload()
    return set.jwks()?.keys.length ?? 0
  } catch (error) {
    throw isCoreError(error) ? error : away(issuer, error)
  }
}

/** The keys are there, and none of them fits. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  )
}

function away(issuer: string, cause: unknown): CoreError {
  return new CoreError('E_ISSUER_UNAVAILABLE', `the keys of the issuer ${issuer} cannot be fetched`, {
    cause,
    fix: 'Check that the issuer answers from here, and CORE_JWT_JWKS_URL if it is set.',
  })
}

/** Where the issuer says its keys are; where it has no discovery, the place that Supabase Auth uses. */
async function discover(issuer: string, send: typeof fetch, timeoutMs: number): Promise<string> {
  const base = issuer.replace(/\/+$/, '')
  const response = await send(`${base}/.well-known/openid-configuration`, {
    redirect: 'manual',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  })
  if (response.status === 404) return `${base}/.well-known/jwks.json`
  if (!response.ok) throw away(issuer, new Error(`its discovery answered ${response.status}`))
  const { issuer: named, jwks_uri: url } = discoverySchema.parse(await response.json())
  // Another issuer's document, or keys over an open line, would let a stranger sign.
  if (named !== issuer) throw away(issuer, new Error(`its discovery is that of ${named}`))
  if (!isKeyAddress(url)) throw away(issuer, new Error(`its keys are at ${url}, without TLS`))
  return url
}
