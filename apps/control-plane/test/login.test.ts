import { hash, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { type Logger, silentLogger, uuidv7 } from '@core/foundation'
import { type OidcIssuer, startOidcIssuer } from '@core/providers/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Headers, type Jar, own, page, signInAt, signInWithKey, tokenOf, visit } from './browser.ts'
import {
  openTestServer,
  ownerKey,
  type ServedDatabase,
  serveDatabase,
  type TestServer,
  unlimited,
} from './test-server.ts'

let issuer: OidcIssuer
let server: TestServer
const lines: string[] = []
const write = (fields: object, message = '') =>
  void lines.push(`${JSON.stringify(fields)} ${inspect(fields)} ${message}`)
const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger }
const env = () => ({ CORE_AUTH_PROVIDER: 'oidc', CORE_AUTH_ISSUER: issuer.issuer, CORE_AUTH_CLIENT_ID: 'core' })
beforeAll(async () => {
  issuer = await startOidcIssuer()
  server = await openTestServer(logger, unlimited, { env: env() })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

const signIn = (jar: Jar, options: { subject?: string; query?: string; app?: ServedDatabase['app'] } = {}) =>
  signInAt(jar, { app: server.app, issuer, ...options })

const bearer = (token: string, path = '/v1/me') => server.send('GET', path, { key: token })

test('a person signs in with a browser and is the member that the project says', async () => {
  const jar: Jar = new Map()
  const back = await signIn(jar, { query: '?redirectTo=/docs%23keys' })
  expect(back.statusCode, back.body).toBe(303)
  expect(back.headers.location).toBe('/docs#keys')
  const kept = [back.headers['set-cookie'] ?? []].flat().find((line) => line.startsWith('__Host-core_login_'))
  expect(kept).toMatch(
    /^__Host-core_login_[0-9a-f]{8}=cs_[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; Secure; SameSite=Strict$/,
  )
  expect([...jar.keys()]).toHaveLength(1) // the flow's own cookie is gone
  const member = { key: server.owner, body: { role: 'viewer' } }
  await server.send('PUT', '/v1/projects/smart_layer/members/user:ada', member)
  const me = await visit(server.app, jar, 'GET', '/v1/me')
  expect(me.json()).toMatchObject({
    subject: 'user:ada',
    project: 'smart_layer',
    roles: [{ project: 'smart_layer', role: 'viewer' }],
  })
  expect(await bearer(tokenOf(jar))).toMatchObject({ status: 200, body: { subject: 'user:ada' } })
  expect((await bearer(tokenOf(jar), '/v1/projects/manus_origin')).status).toBe(404)
  const logins = await bearer(tokenOf(jar), '/v1/logins')
  expect(logins.body['data']).toMatchObject([{ issuer: issuer.issuer, isCurrent: true }])
})

test('a return counts once, in the browser that began it', async () => {
  const jar: Jar = new Map()
  const begun = await visit(server.app, jar, 'GET', '/v1/login')
  const callback = (await issuer.signIn(String(begun.headers.location))).slice(own.length)
  const refused = { code: 'unauthenticated', reason: 'login_failed' }
  expect((await visit(server.app, new Map(), 'GET', callback)).json()).toMatchObject(refused)
  const other: Jar = new Map()
  await visit(server.app, other, 'GET', '/v1/login')
  expect((await visit(server.app, other, 'GET', callback)).json()).toMatchObject(refused)
  const copied = new Map(jar)
  expect((await visit(server.app, jar, 'GET', callback)).statusCode).toBe(303)
  expect((await visit(server.app, copied, 'GET', callback)).json()).toMatchObject(refused)
})

test.each([
  'https://evil.example/',
  '//evil.example',
  '/\\evil.example',
  'http://127.0.0.1:9/',
  'javascript:alert(1)',
  'docs',
  '/a%0d%0ab\r\nx: y',
  '',
])('a sign-in leads to no foreign page: %j', async (redirectTo) => {
  const answer = await visit(server.app, new Map(), 'GET', `/v1/login?${new URLSearchParams({ redirectTo })}`)
  expect(answer.statusCode).toBe(400)
})

test('a flag changes how people sign in, without a restart; what was begun before is finished', async () => {
  const [before, after]: [Jar, Jar] = [new Map(), new Map()]
  const begun = await visit(server.app, before, 'GET', '/v1/login')
  const choose = (value: string) =>
    server.send('PUT', '/v1/flags/providers.auth', { key: server.owner, body: { value } })
  const placeOf = async () => {
    const { headers } = await visit(server.app, new Map(), 'GET', '/v1/login')
    return new URL(String(headers.location)).origin
  }
  expect((await choose('local')).status).toBe(200)
  try {
    await expect.poll(placeOf, { timeout: 30_000 }).toBe(own)
    expect((await signInWithKey(after, { app: server.app, key: ownerKey })).statusCode).toBe(303)
    expect((await visit(server.app, after, 'GET', '/v1/me')).json()).toMatchObject({ subject: 'owner' })
    const callback = (await issuer.signIn(String(begun.headers.location))).slice(own.length)
    expect((await visit(server.app, before, 'GET', callback)).statusCode).toBe(303)
    // A provider that is not set up is a fault of the flag: the one of the settings stays.
    await choose('saml')
    await expect.poll(placeOf, { timeout: 30_000 }).toBe(new URL(issuer.issuer).origin)
  } finally {
    await server.send('DELETE', '/v1/flags/providers.auth', { key: server.owner })
  }
})

test('a browser keeps four sign-ins under way: the oldest goes, the others can be finished', async () => {
  const jar: Jar = new Map()
  const begun: string[] = []
  for (let index = 0; index < 6; index++) {
    begun.push(String((await visit(server.app, jar, 'GET', '/v1/login')).headers.location))
    expect(jar.size).toBe(Math.min(index + 1, 4))
  }
  // Browsers may send cookies in any order.
  const shuffled: Jar = new Map([...jar].toReversed())
  const seventh = await visit(server.app, shuffled, 'GET', '/v1/login')
  expect(shuffled.size).toBe(4)
  for (const [location, status] of [
    [begun[2], 401],
    [begun[3], 303],
    [seventh.headers.location, 303],
  ] as const) {
    const callback = (await issuer.signIn(String(location))).slice(own.length)
    expect((await visit(server.app, shuffled, 'GET', callback)).statusCode).toBe(status)
  }
})

test('of listed origins a sign-in leads to plain addresses alone', async () => {
  await using listed = await serveDatabase(server.test.database, silentLogger, unlimited, {
    env: { ...env(), CORE_AUTH_REDIRECT_ORIGINS: 'https://dashboard.example' },
    isFilled: true,
  })
  const challenge = 'c'.repeat(43)
  const begin = async (redirectTo: string, query = {}) =>
    (await visit(listed.app, new Map(), 'GET', `/v1/login?${new URLSearchParams({ redirectTo, ...query })}`)).statusCode
  expect(await begin('https://dashboard.example/a?b=c#d')).toBe(302)
  expect(await begin('http://127.0.0.1:9/done', { challenge })).toBe(302)
  for (const target of [
    'https://dashboard.example.evil.example/',
    'https://dashboard.example\\@evil.example/',
    'https://dashboard.example/a\r\nset-cookie: a=b',
    'https://dashboard.example/\u00e9',
    'https://user:password@dashboard.example/',
    'https:\\\\dashboard.example\\',
    'h\tttps://dashboard.example/',
    ' https://dashboard.example/',
    'http://dashboard.example/',
    'https://dashboard.example:444/',
    'data:text/html,x',
  ])
    expect([target, await begin(target)]).toEqual([target, 400])
  for (const target of [
    'http://127.0.0.1:9/\r\na',
    'http://127.0.0.1.evil.example/',
    'http:\\\\127.0.0.1:9',
    'https://127.0.0.1/',
  ])
    expect([target, await begin(target, { challenge })]).toEqual([target, 400])
})

const origins: readonly (readonly [string, Headers, { safe: boolean; unsafe: boolean }])[] = [
  ['own page', { origin: own, 'sec-fetch-site': 'same-origin' }, { safe: true, unsafe: true }],
  ['own page without Origin', { 'sec-fetch-site': 'same-origin' }, { safe: true, unsafe: false }],
  ['other port', { origin: 'http://127.0.0.1:5000', 'sec-fetch-site': 'same-site' }, { safe: false, unsafe: false }],
  [
    'other port that claims to be own',
    { origin: 'http://127.0.0.1:5000', 'sec-fetch-site': 'same-origin' },
    { safe: false, unsafe: false },
  ],
  ['foreign', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, { safe: false, unsafe: false }],
  ['null', { origin: 'null', 'sec-fetch-site': 'cross-site' }, { safe: false, unsafe: false }],
  ['an address typed in', { 'sec-fetch-site': 'none' }, { safe: false, unsafe: false }],
  ['no browser', {}, { safe: false, unsafe: false }],
  ['own Origin without Sec-Fetch-Site', { origin: own }, { safe: false, unsafe: false }],
  [
    'a foreign name of this address',
    { origin: 'http://evil.example:4400', host: 'evil.example:4400', 'sec-fetch-site': 'same-origin' },
    { safe: false, unsafe: false },
  ],
]

test('a cookie counts for pages of this server alone', async () => {
  const jar: Jar = new Map()
  await signIn(jar, { subject: 'grace' })
  await server.send('PUT', '/v1/projects/smart_layer/members/user:grace', {
    key: server.owner,
    body: { role: 'admin' },
  })
  const found: Record<string, unknown> = {}
  for (const [name, headers] of origins) {
    const sent = { host: page.host, ...headers }
    const read = await visit(server.app, jar, 'GET', '/v1/me', sent)
    const json = { ...sent, 'content-type': 'application/json' }
    const path = '/v1/projects/smart_layer/members/user:x'
    const put = await visit(server.app, jar, 'PUT', path, json, JSON.stringify({ role: 'viewer' }))
    const keyed = { ...json, 'idempotency-key': uuidv7() }
    const post = await visit(
      server.app,
      jar,
      'POST',
      '/v1/projects/smart_layer/api-keys',
      keyed,
      JSON.stringify({ name: 'x' }),
    )
    found[name] = [read.statusCode, put.statusCode, post.statusCode, read.headers['access-control-allow-credentials']]
  }
  const expected = origins.map(([name, , { safe, unsafe }]) => [
    name,
    [safe ? 200 : 401, unsafe ? 200 : 401, unsafe ? 201 : 401, undefined],
  ])
  expect(found).toEqual(Object.fromEntries(expected))
})

test('a socket opens by the cookie for pages of this server alone', async () => {
  await using served = await serveDatabase(server.test.database, silentLogger, unlimited, {
    env: env(),
    isFilled: true,
  })
  const jar: Jar = new Map()
  await signIn(jar, { subject: 'grace', app: served.app })
  const address = await served.app.listen({ port: 0, host: '127.0.0.1' })
  const { host } = new URL(address)
  const found: Record<string, unknown> = {}
  for (const [name, headers] of origins) {
    const placed = Object.fromEntries(
      Object.entries({ host, ...headers }).map(([key, value]) => [key, value.replace('127.0.0.1:4400', host)]),
    )
    const cookie = [...jar].map(([key, value]) => `${key}=${value}`).join('; ')
    found[name] = await subjectOfSocket(`${address.replace('http', 'ws')}/v1/realtime`, { ...placed, cookie })
  }
  // Chromium sends no Sec-Fetch-Site with a WebSocket.
  const opens = new Set(['own page', 'own Origin without Sec-Fetch-Site'])
  expect(found).toEqual(Object.fromEntries(origins.map(([name]) => [name, opens.has(name) ? 'user:grace' : 4401])))
})

/** Whom the socket welcomes, or how it ends for a client that sends no credential. */
function subjectOfSocket(url: string, headers: Headers): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers, handshakeTimeout: 20_000 })
    socket.on('open', () => socket.send('{"op":"ping"}'))
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data))
      if (frame.op !== 'welcome') return
      resolve(frame.subject)
      socket.terminate()
    })
    socket.on('close', resolve)
    socket.on('error', reject)
  })
}

test('a sign-out ends one login, or all of the person, in every process, and a restart none', async () => {
  const [one, other, third]: [Jar, Jar, Jar] = [new Map(), new Map(), new Map()]
  for (const jar of [one, other, third]) await signIn(jar, { subject: 'alan' })
  await using restarted = await serveDatabase(server.test.database, silentLogger, unlimited, {
    env: env(),
    isFilled: true,
  })
  const there = async (jar: Jar) => (await restarted.send('GET', '/v1/me', { key: tokenOf(jar) })).status
  const tokens = [one, other, third].map(tokenOf)
  expect(await Promise.all([one, other, third].map(there))).toEqual([200, 200, 200])
  const kept = new Map(one)
  const left = await visit(server.app, one, 'POST', '/v1/logout')
  expect(left.json()).toEqual({ ended: 1 })
  expect(one.size).toBe(0)
  expect((await bearer(tokens[0] ?? '')).status).toBe(401)
  await expect.poll(() => there(kept), { timeout: 20_000 }).toBe(401)
  expect(await there(other)).toBe(200)
  const all = await server.send('POST', '/v1/logout/all', { key: tokens[1] })
  expect(all.body).toEqual({ ended: 2 })
  for (const token of tokens)
    expect((await bearer(token)).body).toMatchObject({ code: 'unauthenticated', reason: 'login_unknown' })
  await expect.poll(() => there(third), { timeout: 20_000 }).toBe(401)
  const dump = await server.test.sql(
    `select (select string_agg(l::text, '') from core.login l) || (select string_agg(a::text, '') from core.audit a) as rows`,
  )
  const text = JSON.stringify(dump) + lines.join('')
  for (const token of tokens) expect(text).not.toContain(token)
  expect(lines.join('')).not.toMatch(/code=|cs_[\w-]{43}|core1\./)
})

test('whose login has ended signs out: the cookie goes, for a page of this server alone', async () => {
  const jar: Jar = new Map()
  await signIn(jar, { subject: 'emmy' })
  const token = tokenOf(jar)
  await server.send('POST', '/v1/logout', { key: token })
  const leave = async (path: string, sent: Headers) => {
    const own = new Map(jar)
    const { statusCode, headers } = await visit(server.app, own, 'POST', path, sent)
    return [statusCode, own.size, headers['cache-control']]
  }
  for (const [name, headers, { unsafe }] of origins) {
    const sent = { host: page.host, ...headers }
    expect([name, await leave('/v1/logout', sent)]).toEqual([
      name,
      unsafe ? [200, 0, 'no-store'] : [401, 1, 'no-store'],
    ])
  }
  // Whose logins would end everywhere is not known any more, so it must not look as if they had.
  expect(await leave('/v1/logout/all', page)).toEqual([401, 0, 'no-store'])
  // A program that sends a token learns that it is none.
  expect(await leave('/v1/logout', { ...page, authorization: `Bearer ${token}` })).toEqual([401, 1, 'no-store'])
  const twice = await visit(server.app, jar, 'POST', '/v1/logout')
  expect(twice.json()).toEqual({ ended: 0 })
})

test('a sign-out where the login does not count at present leaves none that counts later', async () => {
  await using local = await serveDatabase(server.test.database, silentLogger, unlimited, { isFilled: true })
  const jar: Jar = new Map()
  await signIn(jar, { subject: 'lise' })
  const token = tokenOf(jar)
  expect((await visit(local.app, jar, 'POST', '/v1/logout')).json()).toEqual({ ended: 1 })
  expect(jar.size).toBe(0)
  await expect.poll(async () => (await bearer(token)).status, { timeout: 30_000 }).toBe(401)
})

test('a command gets its token by a code, once, with its verifier', async () => {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = hash('sha256', verifier, 'base64url')
  const back = await signIn(new Map(), {
    query: `?${new URLSearchParams({ redirectTo: 'http://127.0.0.1:9/done', challenge })}`,
  })
  const target = new URL(String(back.headers.location))
  expect(target.origin).toBe('http://127.0.0.1:9')
  expect([back.headers['set-cookie']].flat().join()).not.toContain('core_login_')
  const code = target.searchParams.get('code')
  const redeem = (body: unknown) =>
    server.app.inject({
      method: 'POST',
      url: '/v1/login/token',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(body),
    })
  expect((await redeem({ code, verifier: 'x'.repeat(43) })).statusCode).toBe(401)
  const redeemed = await redeem({ code, verifier })
  expect(redeemed.statusCode, redeemed.body).toBe(200)
  expect(await bearer(redeemed.json().token)).toMatchObject({ body: { subject: 'user:ada' } })
  expect((await redeem({ code, verifier })).statusCode).toBe(401)
  const shown = await signIn(new Map(), { query: `?${new URLSearchParams({ redirectTo: 'code', challenge })}` })
  expect(shown.body).toContain('<pre>core1.')
})

test('while the issuer is away its sign-in says so, and logins stay good', async () => {
  const jar: Jar = new Map()
  await signIn(jar)
  issuer.setAway(true)
  try {
    expect((await visit(server.app, new Map(), 'GET', '/v1/login')).statusCode).toBe(503)
    server.kernel.keyring.forgetLogin()
    expect((await visit(server.app, jar, 'GET', '/v1/me')).statusCode).toBe(200)
  } finally {
    issuer.setAway(false)
  }
})

test('the owner signs in with the owner key, by a form of this server alone, until the key changes', async () => {
  await using local = await serveDatabase(server.test.database, silentLogger, unlimited, { isFilled: true })
  const jar: Jar = new Map()
  const begun = await visit(local.app, jar, 'GET', '/v1/login')
  const form = String(begun.headers.location).slice(own.length)
  const shown = await visit(local.app, jar, 'GET', form)
  expect(shown.body).toContain('type="password"')
  const state = new URL(form, own).searchParams.get('state') ?? ''
  const submit = (credential: string, headers: Headers) =>
    visit(
      local.app,
      jar,
      'POST',
      '/v1/login/callback',
      { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      String(new URLSearchParams({ state, credential })),
    )
  expect((await submit(ownerKey, { ...page, origin: 'https://evil.example' })).statusCode).toBe(403)
  expect((await submit(server.keys.smart_layer, page)).statusCode).toBe(401)
  expect((await submit(ownerKey, page)).statusCode).toBe(303)
  expect((await visit(local.app, jar, 'GET', '/v1/me')).json()).toMatchObject({ subject: 'owner', project: null })
  // The issuer's own server accepts the owner's logins, too; a local one none of an issuer's.
  expect(await bearer(tokenOf(jar))).toMatchObject({ body: { subject: 'owner' } })
  const foreign: Jar = new Map()
  await signIn(foreign)
  expect(await local.send('GET', '/v1/me', { key: tokenOf(foreign) })).toMatchObject({
    status: 401,
    body: { reason: 'login_issuer' },
  })
  await server.test.sql(`update core.login set sid = 'ffffff' where issuer = 'local'`)
  server.kernel.keyring.forgetLogin()
  expect((await bearer(tokenOf(jar))).status).toBe(401)
})
