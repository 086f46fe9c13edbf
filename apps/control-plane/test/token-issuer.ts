import { createServer } from 'node:http'
import type { JwtSettings } from '@core/config'
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

type KeyAlgorithm = 'ES256' | 'RS256' | 'EdDSA'

export interface SigningKey {
  readonly kid: string
  readonly alg: KeyAlgorithm
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
}

export interface TokenIssuer extends AsyncDisposable {
  readonly url: string
  readonly settings: JwtSettings
  /** The key that `sign` uses and that is published from the start. */
  readonly key: SigningKey
  /** How often its keys were asked for. */
  readonly asked: () => number
  /** What it publishes; changing it is a rotation. */
  published: SigningKey[]
  /** How it answers, while that is not with its keys. */
  fault: 'none' | '500' | 'junk' | 'silent'
  /** A good token of this person, unless the claims or header say otherwise. A claim of undefined is left out. */
  sign(
    sub: string,
    claims?: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
    key?: SigningKey,
  ): Promise<string>
}

export async function makeSigningKey(kid: string, alg: KeyAlgorithm = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, publicKey }
}

export const audience = 'core-tests'

/** An issuer of tokens on this machine: a real server with discovery and a key set. */
export async function startTokenIssuer({ hasDiscovery = true } = {}): Promise<TokenIssuer> {
  const key = await makeSigningKey('first')
  let asked = 0
  const server = createServer(async (request, response) => {
    const json = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (issuer.fault === 'silent') return
    if (issuer.fault === '500') return json(500, {})
    if (issuer.fault === 'junk') return json(200, { keys: 'none' })
    if (request.url === '/auth/.well-known/openid-configuration' && hasDiscovery)
      return json(200, { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` })
    if (request.url !== (hasDiscovery ? '/auth/keys' : '/auth/.well-known/jwks.json')) return json(404, {})
    asked++
    const keys = await Promise.all(
      issuer.published.map(async ({ kid, alg, publicKey }) => ({
        ...(await exportJWK(publicKey)),
        kid,
        alg,
        use: 'sig',
      })),
    )
    json(200, { keys })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}/auth`

  const issuer: TokenIssuer = {
    url,
    settings: { issuer: url, audience: [audience], jwksUrl: undefined, secret: undefined, roleClaim: undefined },
    key,
    asked: () => asked,
    published: [key],
    fault: 'none',
    sign(sub, claims = {}, header = {}, { kid, alg, privateKey } = key) {
      const now = Math.floor(Date.now() / 1000)
      const payload: JWTPayload = Object.assign({ iss: url, aud: audience, sub, iat: now, exp: now + 600 }, claims)
      return new SignJWT(payload).setProtectedHeader({ alg, kid, ...header }).sign(privateKey)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return issuer
}
