import { createHmac } from 'node:crypto'
import { createSecret } from '@core/config'
import { exportSPKI, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'
import { audience, makeSigningKey, startTokenIssuer, type TokenIssuer } from './token-issuer.ts'

/** Every way in which a token can be wrong, sent to a server that fetches its keys from a real issuer. */

let issuer: TokenIssuer
let server: TestServer
beforeAll(async () => {
  issuer = await startTokenIssuer()
  issuer.published.push(await makeSigningKey('rsa', 'RS256'), await makeSigningKey('okp', 'EdDSA'))
  server = await openTestServer(undefined, undefined, { jwt: issuer.settings })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await issuer?.[Symbol.asyncDispose]()
})

const me = (key: string, where = server) => where.send('GET', '/v1/me', { key })
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const now = () => Math.floor(Date.now() / 1000)
const claims = () => ({ iss: issuer.url, aud: audience, sub: 'ada', exp: now() + 600 })
/** Signed by hand with HMAC, as a forger would. */
function forge(header: object, secret: string, payload: object = claims()): string {
  const text = `${base64(header)}.${base64(payload)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

test.each(['first', 'rsa', 'okp'])('a good token passes, signed with the key %s', async (kid) => {
  const key = issuer.published.find((one) => one.kid === kid)
  const reply = await me(await issuer.sign(`ada-${kid}`, {}, {}, key))
  expect(reply).toMatchObject({
    status: 200,
    body: { subject: `user:ada-${kid}`, project: null, scopes: [], roles: [], expiresAt: expect.any(String) },
  })
})

test('one audience of several is enough, and a token needs no kid where one key alone can be meant', async () => {
  expect((await me(await issuer.sign('ada', { aud: ['other', audience] }))).status).toBe(200)
  expect((await me(await issuer.sign('ada', {}, { kid: undefined }))).status).toBe(200)
})

const wrong: [name: string, reason: string, make: () => string | Promise<string>][] = [
  ['no algorithm', 'token_algorithm', () => `${base64({ alg: 'none' })}.${base64(claims())}.`],
  ['no algorithm, with a signature', 'token_algorithm', () => `${base64({ alg: 'none' })}.${base64(claims())}.AAAA`],
  ['no algorithm in other letters', 'token_algorithm', () => `${base64({ alg: 'nOnE' })}.${base64(claims())}.AAAA`],
  ['HS256 with a secret of the forger', 'token_algorithm', () => forge({ alg: 'HS256' }, 'secret')],
  [
    'HS256 with the public key as the secret',
    'token_algorithm',
    async () => forge({ alg: 'HS256', kid: 'first' }, await exportSPKI(issuer.key.publicKey)),
  ],
  [
    'HS512 with the public key as the secret',
    'token_algorithm',
    async () => forge({ alg: 'HS512', kid: 'rsa' }, await exportSPKI(issuer.key.publicKey)),
  ],
  ['an algorithm that is not configured', 'token_algorithm', () => forge({ alg: 'PS256', kid: 'rsa' }, 'x')],
  ['ES256 said of an RSA key', 'token_key', () => forge({ alg: 'ES256', kid: 'rsa' }, 'x')],
  ['RS256 said of an EC key', 'token_key', () => forge({ alg: 'RS256', kid: 'first' }, 'x')],
  ['no header', 'token_malformed', () => `${base64({})}.${base64(claims())}.AAAA`],
  [
    'a key of its own in the header',
    'token_key',
    async () => {
      const mine = await makeSigningKey('mine')
      return issuer.sign('ada', {}, { jwk: { kty: 'EC' }, kid: 'mine' }, mine)
    },
  ],
  ['an unknown kid', 'token_key', () => issuer.sign('ada', {}, { kid: 'unknown' })],
  ['a kid that is a path', 'token_key', () => issuer.sign('ada', {}, { kid: '../../etc/passwd' })],
  [
    'the right kid and another key',
    'token_signature',
    async () => issuer.sign('ada', {}, { kid: 'first' }, await makeSigningKey('first')),
  ],
  [
    'a changed payload',
    'token_signature',
    async () => {
      const [head, , signature] = (await issuer.sign('ada')).split('.')
      return `${head}.${base64({ ...claims(), sub: 'eve' })}.${signature}`
    },
  ],
  ['no signature', 'token_signature', async () => (await issuer.sign('ada')).replace(/[^.]+$/, '')],
  ['another issuer', 'token_issuer', () => issuer.sign('ada', { iss: 'https://else.example' })],
  ['the issuer with a slash more', 'token_issuer', () => issuer.sign('ada', { iss: `${issuer.url}/` })],
  ['no issuer', 'token_issuer', () => issuer.sign('ada', { iss: undefined })],
  ['another audience', 'token_audience', () => issuer.sign('ada', { aud: 'else' })],
  ['no audience', 'token_audience', () => issuer.sign('ada', { aud: undefined })],
  ['an empty list of audiences', 'token_audience', () => issuer.sign('ada', { aud: [] })],
  ['expired', 'token_expired', () => issuer.sign('ada', { exp: now() - 10 })],
  ['no end', 'token_claims', () => issuer.sign('ada', { exp: undefined })],
  ['not valid yet', 'token_not_yet_valid', () => issuer.sign('ada', { nbf: now() + 60 })],
  [
    'an unknown critical header',
    'token_unsupported',
    async () => {
      const header = { alg: 'ES256', kid: 'first', crit: ['strict'], strict: true }
      const [, payload, signature] = (await issuer.sign('ada')).split('.')
      return `${base64(header)}.${payload}.${signature}`
    },
  ],
  [
    'a payload that is not encoded',
    'token_signature',
    async () => {
      const header = { alg: 'ES256', kid: 'first', crit: ['b64'], b64: false }
      const [, payload, signature] = (await issuer.sign('ada')).split('.')
      return `${base64(header)}.${payload}.${signature}`
    },
  ],
  ['no subject', 'token_subject', () => issuer.sign('ada', { sub: undefined })],
  ['an empty subject', 'token_subject', () => issuer.sign('')],
  ['a subject that is a list', 'token_subject', () => issuer.sign('ada', Object.fromEntries([['sub', ['a']]]))],
  ['a subject of many lines', 'token_subject', () => issuer.sign('ada\nowner')],
  ['a subject beyond all measure', 'token_subject', () => issuer.sign('a'.repeat(256))],
  ['three parts of junk', 'token_malformed', () => 'aaaa.bbbb.cccc'],
  [
    'a payload that is no JSON',
    'token_signature',
    async () => {
      const [head, , signature] = (await issuer.sign('ada')).split('.')
      return `${head}.${Buffer.from('junk').toString('base64url')}.${signature}`
    },
  ],
]

describe('refused', () => {
  test.each(wrong)('a token with %s: %s', async (_, reason, make) => {
    const reply = await me(await make())
    expect(reply).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
      body: { code: 'unauthenticated', reason, fix: expect.any(String) },
    })
  })

  test('a token that is too long is not even looked at; the longest allowed is', async () => {
    const long = await issuer.sign('ada', { pad: 'x'.repeat(6200) })
    expect(long.length).toBeGreaterThan(8192)
    expect(await me(long)).toMatchObject({ status: 401, body: { reason: 'credential_missing' } })
    const fits = await issuer.sign('ada', { pad: 'x'.repeat(5600) })
    expect(fits.length).toBeGreaterThan(7600)
    expect((await me(fits)).status).toBe(200)
  })

  test('any token, where none is configured', async () => {
    await using plain = await openTestServer()
    expect(await me(await issuer.sign('ada'), plain)).toMatchObject({
      status: 401,
      body: { reason: 'token_not_accepted' },
    })
  })
})

test('with a secret HS256 passes, and the secret proves nothing but HS256', async () => {
  const secret = 'a secret that only the two of them know'
  const settings = { ...issuer.settings, secret: createSecret(secret) }
  await using shared = await openTestServer(undefined, undefined, { jwt: settings })
  const sign = (alg: string, by = secret) =>
    new SignJWT(claims()).setProtectedHeader({ alg }).sign(new TextEncoder().encode(by))
  expect((await me(await sign('HS256'), shared)).status).toBe(200)
  expect((await me(await issuer.sign('ada'), shared)).status).toBe(200)
  expect(await me(await sign('HS512'), shared)).toMatchObject({ status: 401, body: { reason: 'token_algorithm' } })
  const wrongKey = await sign('HS256', 'another secret that is as long as the right one is')
  expect(await me(wrongKey, shared)).toMatchObject({ status: 401, body: { reason: 'token_signature' } })
  const confused = forge({ alg: 'HS256', kid: 'first' }, await exportSPKI(issuer.key.publicKey))
  expect(await me(confused, shared)).toMatchObject({ status: 401, body: { reason: 'token_signature' } })
})

test('a wrong token counts as a failed authentication of its address', async () => {
  const few = { requests: 2, windowSeconds: 60 }
  const plenty = { requests: 1000, windowSeconds: 60 }
  const rates = { credential: plenty, anonymous: plenty, failedAuthentication: few }
  await using limited = await openTestServer(undefined, rates, { jwt: issuer.settings })
  const good = await issuer.sign('ada')
  expect((await me(good, limited)).status).toBe(200)
  const bad = await issuer.sign('ada', { aud: 'else' })
  expect((await me(bad, limited)).status).toBe(401)
  expect((await me(bad, limited)).status).toBe(401)
  expect((await me(bad, limited)).status).toBe(429)
  expect((await me(good, limited)).status).toBe(200)
})
