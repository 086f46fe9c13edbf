import { isObject, startDeadline } from '@core/foundation'
import type { JWTVerifyGetKey } from 'jose'
import { loadJose } from '../../load-library.ts'
import type { LoginDriver } from '../login-driver.ts'
import { issuerUnavailable, loginRefused } from '../login-error.ts'
import { newLoginFlow, readReturn } from '../login-flow.ts'

export interface TokensSettings {
  readonly issuer: string
  /** The claim `azp` that a token must have: the page or client it was made for. */
  readonly authorizedParty: string
  /** Where a token is handed in: with the parameters `state` and `credential`. */
  readonly redirectUri: () => string
}

const timeoutMs = 10_000
const algorithms = ['ES256', 'RS256', 'EdDSA']

/** Tokens of an issuer with a page of its own (Clerk, better-auth, Auth.js), checked by its public keys. */
export async function openTokensDriver({ issuer, authorizedParty, redirectUri }: TokensSettings): Promise<LoginDriver> {
  const { createRemoteJWKSet, errors, jwtVerify } = await loadJose()
  let keys: Promise<JWTVerifyGetKey> | undefined

  async function openKeys(): Promise<JWTVerifyGetKey> {
    return createRemoteJWKSet(new URL(await discover(issuer)), { timeoutDuration: timeoutMs, cooldownDuration: 1_000 })
  }

  /** The library names what is wrong with a token; what it says of the issuer's answer is a failure of the issuer. */
  function isAboutToken(error: unknown): boolean {
    if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false
    if (error instanceof errors.JOSEError) return error.code !== 'ERR_JOSE_GENERIC'
    return isObject(error) && error['code'] === 'E_UNAUTHENTICATED'
  }

  return {
    name: 'tokens',
    issuer,
    async begin({ redirectTo }) {
      const flow = newLoginFlow(redirectTo)
      const url = new URL(redirectUri())
      url.searchParams.set('state', flow.state)
      return { url: url.href, flow }
    },
    async finish({ callback, flow }, call = {}) {
      using deadline = startDeadline('a sign-in', call, timeoutMs)
      deadline.signal.throwIfAborted()
      const token = readReturn(callback, flow).get('credential') ?? ''
      keys ??= openKeys().catch(() => {
        keys = undefined
        throw issuerUnavailable(issuer)
      })
      const find = await keys
      try {
        const { payload } = await jwtVerify(token, find, { issuer, algorithms, requiredClaims: ['exp', 'sub', 'azp'] })
        const { sub = '', azp, sid } = payload
        if (azp !== authorizedParty || !/^[!-~]{1,255}$/.test(sub)) throw loginRefused('this token is not for Core')
        return { issuer, subject: sub, sid: typeof sid === 'string' ? sid : undefined }
      } catch (error) {
        throw isAboutToken(error)
          ? loginRefused('this token is not one of this issuer for Core, or has expired')
          : issuerUnavailable(issuer)
      }
    },
  }
}

/** Where its discovery says that the keys are, else `/.well-known/jwks.json` below it. */
async function discover(issuer: string): Promise<string> {
  const base = issuer.replace(/\/+$/, '')
  const response = await fetch(`${base}/.well-known/openid-configuration`, {
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  })
  if (response.status === 404) return `${base}/.well-known/jwks.json`
  const found: unknown = await response.json()
  if (!isObject(found) || found['issuer'] !== issuer || typeof found['jwks_uri'] !== 'string')
    throw issuerUnavailable(issuer)
  return found['jwks_uri']
}
