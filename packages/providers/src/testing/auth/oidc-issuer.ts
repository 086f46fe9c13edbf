import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { isObject } from '@core/foundation'
import { exportJWK, generateKeyPair } from 'jose'
import { followLogin } from './follow-login.ts'

export interface OidcIssuer extends AsyncDisposable {
  readonly issuer: string
  /** What a browser does: follows to the pages of the issuer, signs in, and stops where the issuer leads back. */
  signIn(url: string, subject?: string): Promise<string>
  /** Signs with a new key from now on, and publishes no other. Sign-ins that have begun are forgotten. */
  rotateKeys(): Promise<void>
  /** Answers every request with 503, or again as before. */
  setAway(isAway: boolean): void
}

const callbackPath = '/v1/login/callback'

/**
 * A real OpenID Connect issuer (`oidc-provider`) on this machine. Anyone may sign in as anyone. It leads back to
 * `/v1/login/callback` on any port of 127.0.0.1.
 */
export async function startOidcIssuer(clientId = 'core'): Promise<OidcIssuer> {
  const { default: Provider } = await import('oidc-provider')
  let answer: RequestListener
  let isAway = false
  const server = createServer((request, response) => {
    if (isAway) response.writeHead(503).end()
    else answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const issuer = `http://127.0.0.1:${isObject(address) ? address['port'] : 0}`

  async function rotateKeys(): Promise<void> {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true })
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: clientId,
          redirect_uris: [`http://127.0.0.1${callbackPath}`],
          token_endpoint_auth_method: 'none',
          application_type: 'native',
        },
      ],
      pkce: { required: () => true },
      ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
      jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), use: 'sig', alg: 'RS256' }] },
      cookies: { keys: ['of the tests'] },
      findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    })
    answer = provider.callback()
  }
  await rotateKeys()

  return {
    issuer,
    signIn: async (url, subject = 'ada') => await followLogin(url, callbackPath, subject),
    rotateKeys,
    setAway(away) {
      isAway = away
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
