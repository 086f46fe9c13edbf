import type { Secret } from '@core/config'
import { CoreError, isObject, raceSignal, startDeadline } from '@core/foundation'
import type { Configuration } from 'openid-client'
import { loadOpenIdClient } from '../../load-library.ts'
import type { LoginDriver } from '../login-driver.ts'
import { issuerUnavailable, loginRefused } from '../login-error.ts'
import { challengeOf, newLoginFlow, readReturn } from '../login-flow.ts'
import type { Person } from '../person.ts'

export interface OidcSettings {
  /** `https://issuer.example`; its document is read at `/.well-known/openid-configuration`. */
  readonly issuer: string
  readonly clientId: string
  /** Left out for a public client, which PKCE alone protects. */
  readonly clientSecret?: Secret | undefined
  /** As it is registered at the issuer: `https://core.example/v1/login/callback`. */
  readonly redirectUri: () => string
}

const timeoutMs = 10_000

/** Any issuer of OpenID Connect (Auth0, Clerk, Keycloak, …): code flow with PKCE, state, nonce and the issuer of the answer. */
export async function openOidcDriver(settings: OidcSettings): Promise<LoginDriver> {
  const client = await loadOpenIdClient()
  const { issuer, clientId, clientSecret, redirectUri } = settings
  /** Asked at each sign-in, which are few: what an issuer has changed, its keys too, holds at once. */
  async function discover(signal: AbortSignal): Promise<Configuration> {
    const authentication = clientSecret === undefined ? client.None() : client.ClientSecretPost(clientSecret.reveal())
    // Without TLS only where the configuration allows such an issuer: on this machine, or a host without a domain.
    const insecure = issuer.startsWith('http:') ? [client.allowInsecureRequests] : []
    const options = { timeout: timeoutMs / 1000, execute: [client.enableNonRepudiationChecks, ...insecure] }
    const asking = client.discovery(new URL(issuer), clientId, undefined, authentication, options)
    return await raceSignal(asking, signal).catch(() => {
      throw signal.aborted ? signal.reason : issuerUnavailable(issuer)
    })
  }

  return {
    name: 'oidc',
    issuer,
    async begin({ redirectTo }, call = {}) {
      using deadline = startDeadline('a sign-in', call, timeoutMs)
      const config = await discover(deadline.signal)
      const flow = newLoginFlow(redirectTo)
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri(),
        scope: 'openid email profile',
        state: flow.state,
        nonce: flow.nonce,
        code_challenge: challengeOf(flow.verifier),
        code_challenge_method: 'S256',
      })
      return { url: url.href, flow }
    },
    async finish({ callback, flow }, call = {}) {
      using deadline = startDeadline('a sign-in', call, timeoutMs)
      readReturn(callback, flow)
      const config = await discover(deadline.signal)
      try {
        const grant = client.authorizationCodeGrant(config, new URL(callback), {
          pkceCodeVerifier: flow.verifier,
          expectedState: flow.state,
          expectedNonce: flow.nonce,
          idTokenExpected: true,
        })
        const claims = (await raceSignal(grant, deadline.signal)).claims()
        if (claims === undefined) throw loginRefused('the issuer sent no id token')
        return toPerson(claims, issuer)
      } catch (error) {
        throw toFailure(error, issuer)
      }
    },
  }
}

function toPerson(claims: Readonly<Record<string, unknown>>, issuer: string): Person {
  const text = (name: string) => (typeof claims[name] === 'string' ? claims[name] : undefined)
  const subject = text('sub')
  if (claims['iss'] !== issuer || subject === undefined || !/^[!-~]{1,255}$/.test(subject)) {
    throw loginRefused('the id token names no person of this issuer')
  }
  const email = claims['email_verified'] === true ? text('email') : undefined
  return { issuer, subject, sid: text('sid'), email, name: text('name') }
}

/** Errors of the library hold codes, tokens and addresses: none of them is a cause. */
function toFailure(error: unknown, issuer: string): CoreError {
  if (error instanceof CoreError) return error
  const code = isObject(error) && typeof error['code'] === 'string' ? error['code'] : ''
  const status = isObject(error) ? Number(error['status']) : Number.NaN
  if (/TIMEOUT|HTTP_REQUEST/.test(code) || status >= 500 || isNetworkError(error)) return issuerUnavailable(issuer)
  return loginRefused('the return from the issuer is not what this sign-in began with, or was used before')
}

/** What `fetch` throws where nothing answers. */
function isNetworkError(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'fetch failed'
}
