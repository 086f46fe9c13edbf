import { createFakeClock } from '@core/foundation/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createSigningKeys } from '../src/auth/signing-keys.ts'
import { createTokenVerifier } from '../src/auth/token-verifier.ts'
import { openTestServer } from './test-server.ts'
import { makeSigningKey, startTokenIssuer, type TokenIssuer } from './token-issuer.ts'

/** Where keys come from, how often they are asked for, and what happens when they cannot be had. */

let issuer: TokenIssuer
beforeEach(async () => {
  issuer = await startTokenIssuer()
})
afterEach(() => issuer[Symbol.asyncDispose]())

function openVerifier(options: Partial<Parameters<typeof createSigningKeys>[0]> = {}) {
  const { settings } = issuer
  const keys = createSigningKeys({ ...settings, ...options })
  return createTokenVerifier({ settings, keys })
}
const unavailable = expect.objectContaining({ code: 'E_ISSUER_UNAVAILABLE', retryable: true })
const refused = (reason: string) => expect.objectContaining({ code: 'E_UNAUTHENTICATED', details: { reason } })

test('a hundred tokens at once ask the issuer once, and later ones not at all', async () => {
  const { verify } = openVerifier()
  const tokens = await Promise.all(Array.from({ length: 100 }, (_, n) => issuer.sign(`user-${n}`)))
  const claims = await Promise.all(tokens.map(verify))
  expect(new Set(claims.map(({ subject }) => subject)).size).toBe(100)
  await verify(await issuer.sign('late'))
  expect(issuer.asked()).toBe(1)
})

test('a rotation is found at the first token of the new key; what is unknown asks once in a cooldown', async () => {
  const { verify } = openVerifier({ cooldownMs: 2000 })
  const next = await makeSigningKey('second', 'RS256') // takes its time on a busy machine
  const token = await issuer.sign('ada', {}, {}, next)
  await verify(await issuer.sign('ada'))
  issuer.published = [issuer.key, next]
  const soon = await Promise.allSettled(Array.from({ length: 20 }, () => verify(token)))
  expect(soon.every(({ status }) => status === 'rejected')).toBe(true)
  expect(issuer.asked()).toBe(1)
  await vi.waitFor(() => verify(token), { timeout: 30_000, interval: 100 })
  expect(issuer.asked()).toBe(2)
  issuer.published = [next]
  await expect(verify(await issuer.sign('ada', {}, { kid: 'third' }))).rejects.toEqual(refused('token_key'))
  expect(issuer.asked()).toBe(2)
})

test('a key that the issuer has taken back proves nothing any more', async () => {
  const next = await makeSigningKey('second')
  const { verify } = openVerifier({ cooldownMs: 0 })
  const token = await issuer.sign('ada')
  await verify(token)
  issuer.published = [next]
  await verify(await issuer.sign('ada', {}, {}, next)) // an unknown key has it look again
  await expect(verify(token)).rejects.toEqual(refused('token_key'))
})

test.each(['500', 'junk', 'silent'] as const)('an issuer that answers with %s: neither yes nor no', async (fault) => {
  const clock = createFakeClock()
  const { verify } = openVerifier({ timeoutMs: 200, clock })
  const token = await issuer.sign('ada')
  issuer.fault = fault
  await expect(verify(token)).rejects.toEqual(unavailable)
  issuer.fault = 'none'
  await expect(verify(token)).rejects.toEqual(unavailable) // no caller waits for the next failure
  await clock.advance(2001)
  await expect(verify(token)).resolves.toMatchObject({ subject: 'user:ada' })
})

test('while it is away its known keys are good, and an unknown one is neither refused nor let in', async () => {
  const { verify } = openVerifier({ cooldownMs: 0, timeoutMs: 200 })
  await verify(await issuer.sign('ada'))
  issuer.fault = 'silent'
  await expect(verify(await issuer.sign('eve'))).resolves.toMatchObject({ subject: 'user:eve' })
  await expect(verify(await issuer.sign('eve', {}, { kid: 'new' }))).rejects.toEqual(unavailable)
  // A client that sends junk must not shut the others out.
  await expect(verify(await issuer.sign('carl'))).resolves.toMatchObject({ subject: 'user:carl' })
})

test('without discovery the keys are where Supabase Auth has them; an address of its own beats both', async () => {
  await using plain = await startTokenIssuer({ hasDiscovery: false })
  const keys = createSigningKeys(plain.settings)
  const verifier = createTokenVerifier({ settings: plain.settings, keys })
  await expect(verifier.verify(await plain.sign('ada'))).resolves.toMatchObject({ subject: 'user:ada' })
  const elsewhere = openVerifier({ jwksUrl: `${plain.url}/.well-known/jwks.json` })
  await expect(elsewhere.verify(await issuer.sign('ada'))).rejects.toEqual(refused('token_signature'))
})

test.each([
  ['another issuer’s document', { issuer: 'https://else.example', jwks_uri: 'https://else.example/keys' }],
  ['keys over an open line', { issuer: undefined, jwks_uri: 'http://else.example/keys' }],
  ['keys in a file', { issuer: undefined, jwks_uri: 'file:///keys' }],
])('a discovery with %s is not followed', async (_, document) => {
  const asked: string[] = []
  const send = async (url: string | URL | Request) => {
    asked.push(String(url))
    return Response.json({ ...document, issuer: document.issuer ?? issuer.url })
  }
  const { verify } = openVerifier({ fetch: send })
  await expect(verify(await issuer.sign('ada'))).rejects.toEqual(unavailable)
  expect(asked).toEqual([`${issuer.url}/.well-known/openid-configuration`])
})

test('over HTTP it is 503 with Retry-After, and counts as anonymous, not as a failed authentication', async () => {
  const one = { requests: 1, windowSeconds: 60 }
  const plenty = { requests: 1000, windowSeconds: 60 }
  const three = { requests: 3, windowSeconds: 60 }
  const rates = { credential: plenty, anonymous: three, failedAuthentication: one }
  await using server = await openTestServer(undefined, rates, { jwt: issuer.settings })
  issuer.fault = '500'
  const key = await issuer.sign('ada')
  for (let times = 0; times < 3; times++) {
    const reply = await server.send('GET', '/v1/me', { key })
    expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, body: { code: 'unavailable' } })
    expect(reply.text).not.toContain(issuer.url)
  }
  expect((await server.send('GET', '/v1/me', { key })).status).toBe(429)
})

test('a claim gives a role in every project only where one is configured, and only a role there is', async () => {
  const claims = { app_metadata: { core_role: 'viewer' }, 'https://core.example/role': 'owner' }
  const roleOf = async (roleClaim: string | undefined, more: object = {}) => {
    const settings = { ...issuer.settings, roleClaim }
    const { verify } = createTokenVerifier({ settings, keys: createSigningKeys(settings) })
    return (await verify(await issuer.sign('ada', { ...claims, ...more }))).role
  }
  expect(await roleOf(undefined)).toBeUndefined()
  expect(await roleOf('app_metadata.core_role')).toBe('viewer')
  expect(await roleOf('https://core.example/role')).toBe('owner')
  for (const core_role of ['root', 'OWNER', '', ['owner'], { owner: true }, null, 'constructor']) {
    expect(await roleOf('app_metadata.core_role', { app_metadata: { core_role } })).toBeUndefined()
  }
  for (const app_metadata of [null, 'owner', ['owner']]) {
    expect(await roleOf('app_metadata.core_role', { app_metadata })).toBeUndefined()
  }
})
