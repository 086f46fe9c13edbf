import { once } from 'node:events'
import { createServer } from 'node:http'
import { createSecret } from '@core/config'
import { createTestDatabase } from '@core/database/testing'
import { isObject } from '@core/foundation'
import { createAuthProvider, createLocalDriver, createSupabaseDriver } from '@core/providers/auth'
import { describeIssuedLogin, describeLogin, startFakeGotrue, startOidcIssuer } from '@core/providers/testing'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { openOidcDriver } from '../src/auth/drivers/oidc.ts'
import { openTokensDriver } from '../src/auth/drivers/tokens.ts'

const uri = 'http://127.0.0.1:9/v1/login/callback'
const redirectUri = () => uri
const refused = expect.objectContaining({ code: 'E_UNAUTHENTICATED', details: { reason: 'login_failed' } })

async function openOidc() {
  const issuer = await startOidcIssuer()
  const driver = await openOidcDriver({ issuer: issuer.issuer, clientId: 'core', redirectUri })
  return { ...issuer, driver, proof: 'code', isOnce: true }
}

describeIssuedLogin('oidc', openOidc)

describeIssuedLogin('supabase', async () => {
  const fake = await startFakeGotrue()
  const settings = { issuer: fake.issuer, key: createSecret(fake.key), provider: 'github', redirectUri }
  return { ...fake, driver: createSupabaseDriver(settings), proof: 'code', isOnce: true }
})

describeLogin('tokens', async () => {
  const issuer = await startTokenIssuer()
  const driver = await openTokensDriver({ issuer: issuer.issuer, authorizedParty: 'https://app.example', redirectUri })
  const signIn = async (url: string) => withCredential(url, await issuer.sign())
  return { driver, signIn, proof: 'credential', isOnce: false, [Symbol.asyncDispose]: issuer[Symbol.asyncDispose] }
})

describeLogin('local', async () => {
  const ownerKey = 'owner-key-of-the-tests-0123456789'
  const resolve = async (key: string) => (key === ownerKey ? { subject: 'owner' } : undefined)
  const signIn = async (url: string) => withCredential(url, ownerKey)
  return {
    driver: createLocalDriver({ redirectUri, resolve }),
    signIn,
    proof: 'credential',
    isOnce: false,
    [Symbol.asyncDispose]: async () => {},
  }
})

test('oidc refuses another nonce, issuer or verifier, and follows the keys of its issuer', async () => {
  await using it = await openOidc()
  const begin = async () => {
    const { url, flow } = await it.driver.begin({ redirectTo: '/docs' })
    return { flow, callback: await it.signIn(url) }
  }
  const one = await begin()
  await expect(it.driver.finish({ ...one, flow: { ...one.flow, nonce: 'x' } })).rejects.toEqual(refused)
  const two = await begin()
  await expect(it.driver.finish({ ...two, flow: { ...two.flow, verifier: one.flow.verifier } })).rejects.toEqual(
    refused,
  )
  const three = await begin()
  const foreign = new URL(three.callback)
  foreign.searchParams.set('iss', 'https://issuer.example')
  await expect(it.driver.finish({ ...three, callback: foreign.href })).rejects.toEqual(refused)
  expect(await it.driver.finish(await begin())).toMatchObject({ subject: 'ada' })
  await it.rotateKeys()
  expect(await it.driver.finish(await begin())).toMatchObject({ subject: 'ada' })
})

test('tokens refuses a token for another party, of another issuer, and one that has expired', async () => {
  await using issuer = await startTokenIssuer()
  const driver = await openTokensDriver({ issuer: issuer.issuer, authorizedParty: 'https://app.example', redirectUri })
  const finish = async (token: string) => {
    const { url, flow } = await driver.begin({ redirectTo: '/' })
    return await driver.finish({ flow, callback: withCredential(url, token) })
  }
  await expect(finish(await issuer.sign({ azp: 'https://other.example' }))).rejects.toEqual(refused)
  await expect(finish(await issuer.sign({ iss: 'https://other.example' }))).rejects.toEqual(refused)
  await expect(finish(await issuer.sign({ exp: 1 }))).rejects.toEqual(refused)
  expect(await finish(await issuer.sign())).toMatchObject({ subject: 'ada' })
})

test('a login is kept by the hash of its token, and ends with it', async () => {
  const base = await createTestDatabase()
  try {
    const resolve = async (key: string) => ({ subject: key })
    const driver = createLocalDriver({ redirectUri, resolve })
    const auth = createAuthProvider({ driver, database: base.database })
    const { url, flow } = await auth.getLoginUrl({ redirectTo: '/' })
    const { token, person } = await auth.createLogin({ flow, callback: withCredential(url, 'key:ada') })
    expect(token).toMatch(/^cs_[\w-]{43}$/)
    expect(await auth.verifyLogin(token)).toEqual(person)
    const [kept] = await base.sql(
      `select l::text as row, (select string_agg(a::text, '') from core.audit a) as audit from core.login l`,
    )
    expect(JSON.stringify(kept)).not.toContain(token)
    const other = createAuthProvider({
      driver: { ...driver, issuer: 'https://other.example' },
      database: base.database,
    })
    expect(await other.verifyLogin(token)).toBeNull()
    expect(await auth.verifyLogin('cs_x')).toBeNull()
    await base.sql(`update core.login set seen_at = clock_timestamp() - interval '8 days'`)
    expect(await auth.verifyLogin(token)).toBeNull()
    await base.sql(`update core.login set seen_at = clock_timestamp()`)
    expect(await auth.verifyLogin(token)).toEqual(person)
    await auth.revokeLogin(token)
    await auth.revokeLogin(token)
    expect(await auth.verifyLogin(token)).toBeNull()
  } finally {
    await base.drop()
  }
})

function withCredential(url: string, credential: string): string {
  const callback = new URL(url)
  callback.searchParams.set('credential', credential)
  return callback.href
}

async function startTokenIssuer() {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }
  const server = createServer((request, response) => {
    if (request.url === '/.well-known/jwks.json') response.end(JSON.stringify({ keys: [jwk] }))
    else response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const issuer = `http://127.0.0.1:${isObject(address) ? address['port'] : 0}`
  return {
    issuer,
    sign: async (claims: Readonly<Record<string, unknown>> = {}) =>
      await new SignJWT({
        iss: issuer,
        sub: 'ada',
        azp: 'https://app.example',
        exp: Math.ceil(Date.now() / 1000) + 600,
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .sign(privateKey),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
