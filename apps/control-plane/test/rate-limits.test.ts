import { generateApiKey } from '@core/api'
import { silentLogger } from '@core/foundation'
import { afterEach, expect, test } from 'vitest'
import { listen, openSocket } from './frames.ts'
import { openTestServer, type TestServer, unlimited } from './test-server.ts'
import { startTokenIssuer } from './token-issuer.ts'

let server: TestServer
afterEach(() => server[Symbol.asyncDispose]())

const few = (requests: number) => ({ requests, windowSeconds: 60 })
const times = <Value>(count: number, make: () => Promise<Value>) => Promise.all(Array.from({ length: count }, make))

test('a credential has its own limit, wherever it comes from, and learns how much is left', async () => {
  server = await openTestServer(silentLogger, { ...unlimited, credential: few(3) })
  const { keys, send } = server
  const first = await send('GET', '/v1/me', { key: keys.smart_layer })
  expect(first.headers).toMatchObject({ 'ratelimit-policy': '"credential";q=3;w=60' })
  expect(first.headers['ratelimit']).toMatch(/^"credential";r=2;t=6[01]$/)
  await send('GET', '/v1/projects/manus_origin/accounts', { key: keys.smart_layer }) // 404 counts as well
  await send('POST', '/v1/projects/current/charges', { key: keys.smart_layer, body: '{' }) // and 400
  const refused = await send('GET', '/v1/me', { key: keys.smart_layer })
  expect(refused).toMatchObject({
    status: 429,
    body: { code: 'rate_limited', retryable: true, limit: 3, windowSeconds: 60, policy: 'credential' },
  })
  expect(refused.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(refused.headers['ratelimit']).toMatch(/^"credential";r=0;t=\d+$/)
  const retryAfter = Number(refused.headers['retry-after'])
  expect(retryAfter).toBeGreaterThan(50)
  expect(retryAfter).toBeLessThanOrEqual(61)
  expect(refused.headers['x-content-type-options']).toBe('nosniff')
  expect(await send('GET', '/v1/me', { key: keys.manus_origin })).toMatchObject({ status: 200 })
  expect(await send('GET', '/v1/me', { key: server.owner })).toMatchObject({ status: 200 })
})

test('anonymous requests are limited by address, addresses that lead nowhere too, probes never', async () => {
  server = await openTestServer(silentLogger, { ...unlimited, anonymous: few(4) })
  const { send, keys } = server
  expect(await send('GET', '/openapi.json')).toMatchObject({
    status: 200,
    headers: { 'ratelimit-policy': '"anonymous";q=4;w=60' },
  })
  expect((await send('GET', '/docs')).status).toBe(200)
  expect((await send('GET', '/nowhere')).status).toBe(404)
  expect((await send('GET', '/elsewhere')).status).toBe(404)
  for (const path of ['/nowhere', '/docs', '/problems/invalid']) expect((await send('GET', path)).status).toBe(429)
  for (const path of ['/livez', '/readyz']) {
    const replies = await times(20, () => send('GET', path))
    expect(replies.every(({ status }) => status === 200)).toBe(true)
  }
  expect(await send('GET', '/v1/me', { key: keys.smart_layer })).toMatchObject({ status: 200 })
})

test('an address with too many wrong keys is refused without a look-up; its valid keys still pass', async () => {
  server = await openTestServer(silentLogger, { ...unlimited, failedAuthentication: few(5) })
  const { send, keys } = server
  expect((await send('GET', '/v1/me', { key: keys.smart_layer })).status).toBe(200)
  const guesses = await times(5, () => send('GET', '/v1/me', { key: 'ck_live_junk' }))
  expect(guesses.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
  expect((await send('GET', '/v1/me')).status).toBe(429)
  expect(await send('GET', '/v1/me', { key: 'ck_live_junk' })).toMatchObject({
    status: 429,
    body: { policy: 'failed-authentication' },
  })
  // A valid key that was not used yet.
  expect(await send('GET', '/v1/me', { key: keys.manus_origin })).toMatchObject({ status: 200 })
  expect((await send('GET', '/v1/me', { key: keys.smart_layer })).status).toBe(200)
  expect((await send('GET', '/v1/me', { key: server.owner })).status).toBe(200)
})

test('many wrong keys at the same moment: never more than the limit learn that they are wrong', async () => {
  server = await openTestServer(silentLogger, { ...unlimited, failedAuthentication: few(5) })
  const unknown = 'ck_live_7Qf2ZrWmJ0dYk3uTnB8xVh1LsEoGa9cPiXt6RbQyKw5MzF40A'
  const replies = await times(40, () => server.send('GET', '/v1/me', { key: unknown }))
  expect(replies.filter(({ status }) => status === 401)).toHaveLength(5)
  expect(replies.filter(({ status }) => status === 429)).toHaveLength(35)
})

test('70 wrong keys at once never refuse a valid one', async () => {
  server = await openTestServer(silentLogger, { ...unlimited, failedAuthentication: few(5) })
  const wrong = Array.from({ length: 70 }, () => generateApiKey('test').secret)
  const guess = (key: string) => server.send('GET', '/v1/me', { key })
  await Promise.all(wrong.slice(0, 10).map(guess))
  const guesses = wrong.slice(10).map(guess)
  const valid = await times(20, () => guess(server.keys.smart_layer))
  expect(new Set(valid.map(({ status }) => status))).toEqual(new Set([200]))
  expect(new Set((await Promise.all(guesses)).map(({ status }) => status))).toEqual(new Set([429]))
})

test('keys in the first frame of a socket are counted like any others', async () => {
  server = await openTestServer(silentLogger, { ...unlimited, failedAuthentication: few(3), credential: few(2) })
  const { send, keys, app } = server
  const url = await listen(app)
  const connect = async (token: string) => {
    const socket = await openSocket(url)
    socket.send({ op: 'authenticate', token })
    return socket
  }
  for (let tries = 0; tries < 3; tries++) {
    expect((await (await connect('ck_live_junk')).closed).code).toBe(4401)
  }
  const refused = await connect('ck_live_junk')
  expect(await refused.next('bye')).toMatchObject({ code: 4429, retryAfterMs: expect.any(Number) })
  expect((await send('GET', '/v1/me', { key: 'ck_live_junk' })).status).toBe(429)
  expect((await send('GET', '/v1/me', { key: keys.smart_layer })).status).toBe(200)
  expect((await (await connect(server.owner)).next('welcome')).subject).toBe('owner')
  expect((await send('GET', '/v1/me', { key: server.owner })).headers['ratelimit']).toMatch(/r=0;/)
  expect((await (await connect(server.owner)).closed).code).toBe(4429)
})

test('a person without a role counts by address, with one by name', async () => {
  await using issuer = await startTokenIssuer()
  const rates = { ...unlimited, anonymous: few(2), credential: few(5) }
  server = await openTestServer(silentLogger, rates, { jwt: issuer.settings })
  await server.test.database.rpc('member_set', {
    p_project: 'smart_layer',
    p_subject: 'user:member',
    p_role: 'viewer',
  })
  const me = async (sub: string) => server.send('GET', '/v1/me', { key: await issuer.sign(sub) })
  expect((await me('one')).headers['ratelimit-policy']).toBe('"anonymous";q=2;w=60')
  expect((await me('two')).status).toBe(200)
  expect((await me('three')).status).toBe(429)
  expect(await me('member')).toMatchObject({ status: 200, headers: { 'ratelimit-policy': '"credential";q=5;w=60' } })
})
