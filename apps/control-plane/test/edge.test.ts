import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { loadConfig } from '@core/config'
import { silentLogger, systemClock } from '@core/foundation'
import type { FastifyInstance } from 'fastify'
import { afterEach, expect, test } from 'vitest'
import { createKeyring } from '../src/auth/keyring.ts'
import { createProjectDirectory } from '../src/auth/project-directory.ts'
import { createServer, type HttpSettings } from '../src/http/server.ts'
import { createAdmission } from '../src/limits/admission.ts'
import { createOverload } from '../src/limits/load-monitor.ts'
import { createOwnRateLimits, type RateSettings } from '../src/limits/rate-limits.ts'
import { nouns } from '../src/nouns.ts'
import type { Kernel } from '../src/process/noun.ts'
import { createReadiness } from '../src/process/readiness.ts'
import { createRealtime } from '../src/realtime/realtime.ts'
import { createVault } from '../src/vault/vault.ts'
import { deaf } from './observing.ts'
import { ownerKey, unlimited } from './test-server.ts'

/** What a server on a real socket does before anything is asked of a database. */

let app: FastifyInstance
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  app.server.closeAllConnections()
  await app.close()
})

function watchNothing(): never {
  throw new Error('these tests measure nothing')
}

interface Edge {
  readonly limits?: Partial<HttpSettings>
  readonly rates?: Partial<RateSettings>
  readonly overload?: () => string | undefined
}

async function open({ limits = {}, rates = {}, overload = () => undefined }: Edge): Promise<number> {
  const away = () => Promise.reject(new Error('these tests ask no database'))
  const health = async () => ({ status: 'up' as const, latencyMs: 0 })
  const keyring = createKeyring({ database: { rpc: away }, ownerKey })
  const projects = createProjectDirectory({ rpc: away })
  const realtime = createRealtime({ database: { rpc: away, listen: away }, projects, keyring, logger: silentLogger })
  const config = loadConfig({ env: {}, cwd: import.meta.dirname })
  const kernel: Kernel = {
    version: '0.0.0',
    config,
    logger: silentLogger,
    clock: systemClock,
    database: { rpc: away, driver: 'embedded' },
    unguarded: { rpc: away },
    vault: createVault(config, { rpc: away }),
    keyring,
    realtime,
    readiness: createReadiness({ database: { health } }),
    observation: { info: away, bottlenecks: () => watchNothing() },
    longPolls: { poll: ({ read }) => read() },
    modelCalls: { embed: away, isCommon: away },
    buildVectorIndex: async () => undefined,
    prove: () => undefined,
    publicUrl: () => 'http://127.0.0.1:4400',
  }
  app = createServer({
    nouns: nouns.map((create) => create(kernel)),
    database: { call: away },
    keyring,
    projects,
    realtime,
    admission: createAdmission(createOwnRateLimits({ ...unlimited, ...rates })),
    overload,
    restRpc: false,
    errors: deaf,
    http: { ...config.http, ...limits },
    logger: silentLogger,
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const address = app.server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

/** Sends the text at once, then one byte every 100 ms, and reports when and how the server ended it. */
function drip(port: number, start: string, byte: string): Promise<{ afterMs: number; answer: string }> {
  return new Promise((resolve) => {
    const startedAt = performance.now()
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }) // it does not hang up on its own
    sockets.push(socket)
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk))
    socket.on('error', () => undefined)
    if (start !== '') socket.write(start)
    const timer = byte === '' ? undefined : setInterval(() => socket.write(byte), 100)
    const end = () => resolve({ afterMs: performance.now() - startedAt, answer })
    socket.on('end', end)
    socket.on('close', () => {
      clearInterval(timer)
      end()
    })
  })
}

const head = 'POST /v1/api-keys HTTP/1.1\r\nHost: x\r\n'
const guarded = `${head}Authorization: Bearer ${ownerKey}\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\n`

test('sockets that drip a byte at a time, or nothing, are closed soon after their time', {
  timeout: 180_000,
}, async () => {
  const port = await open({ limits: { headersTimeoutMs: 500, requestTimeoutMs: 1500 } })
  const [headers, body, chunked, silent] = await Promise.all([
    drip(port, `${head}X-Slow: `, 'a'),
    drip(port, `${guarded}Content-Length: 100000\r\n\r\n{`, ' '),
    drip(port, `${guarded}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'),
    drip(port, '', ''),
  ])
  // The check for them runs once a second.
  for (const { afterMs } of [headers, silent]) expect(afterMs).toBeLessThan(30_000)
  for (const { afterMs } of [body, chunked]) {
    expect(afterMs).toBeGreaterThan(1400)
    expect(afterMs).toBeLessThan(30_000)
  }
  for (const { answer } of [headers, body, chunked, silent]) {
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toContain('"code":"request_timeout"')
  }
  await expect.poll(countConnections, { timeout: 30_000 }).toBe(0)
})

test('what a silent connection sends after it was refused is not served', async () => {
  const port = await open({ limits: { headersTimeoutMs: 500, requestTimeoutMs: 1500 } })
  const closed = new Promise((resolve) => app.server.once('connection', (socket) => socket.once('close', resolve)))
  const late: ServerResponse[] = []
  app.server.on('request', (_request, response) => late.push(response))
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  sockets.push(socket)
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /)
  socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
  await closed
  // Node 24 reads it as a request, Node 26 does not.
  const isRead = Number.parseInt(process.versions.node, 10) < 26
  expect(late.map(({ headersSent }) => headersSent)).toEqual(isRead ? [false] : [])
})

test('beyond the most connections the longest idle one is closed', async () => {
  const port = await open({ limits: { maxConnections: 3, headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 } })
  const answers = [1, 2, 3].map(() => drip(port, '', ''))
  await expect.poll(countConnections).toBe(3)
  const further = drip(port, '', '')
  expect((await answers[0])?.afterMs).toBeLessThan(30_000)
  expect(await countConnections()).toBe(3)
  for (const socket of sockets) socket.destroy()
  await Promise.all([...answers, further])
  await expect.poll(countConnections).toBe(0)
  expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200)
})

function countConnections(): Promise<number> {
  return new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}

test('an overloaded server refuses with Retry-After and keeps answering probes', async () => {
  let isOverloaded = false
  let isFull = false
  const overload = createOverload({ load: { isOverloaded: () => isOverloaded }, isFull: () => isFull })
  await open({ overload })
  const get = (url: string) => app.inject({ url, headers: { authorization: `Bearer ${ownerKey}` } })
  expect((await get('/v1/me')).statusCode).toBe(200)
  for (const set of [() => (isOverloaded = true), () => (isFull = true)]) {
    isOverloaded = false
    set()
    const refused = await get('/v1/me')
    expect(refused.statusCode).toBe(503)
    expect(refused.json()).toMatchObject({ code: 'unavailable', retryable: true })
    expect(refused.headers['retry-after']).toMatch(/^[123]$/)
    for (const probe of ['/livez', '/readyz']) expect((await get(probe)).statusCode).toBe(200)
  }
  isFull = false
  expect((await get('/v1/me')).statusCode).toBe(200)
})

const anonymous = { anonymous: { requests: 1, windowSeconds: 60 } }
const from = (address: string, proxies: string) =>
  app.inject({ url: '/docs', remoteAddress: proxies, headers: { 'x-forwarded-for': address } })

test('X-Forwarded-For is not believed from anybody', async () => {
  await open({ rates: anonymous })
  expect((await from('203.0.113.1', '10.0.0.9')).statusCode).toBe(200)
  expect((await from('203.0.113.2', '10.0.0.9')).statusCode).toBe(429)
})

test('X-Forwarded-For is believed from listed proxies alone, and only as far as they go', async () => {
  await open({ rates: anonymous, limits: { trustedProxies: ['10.0.0.0/8', 'fd00::/8'] } })
  expect((await from('203.0.113.1', '10.0.0.9')).statusCode).toBe(200)
  expect((await from('203.0.113.2', '10.0.0.9')).statusCode).toBe(200)
  expect((await from('203.0.113.1', 'fd00::1')).statusCode).toBe(429)
  // What the client itself wrote into the field before the proxy added to it.
  expect((await from('198.51.100.7, 203.0.113.1', '10.0.0.9')).statusCode).toBe(429)
  // Somebody who is no proxy.
  expect((await from('203.0.113.77', '192.0.2.1')).statusCode).toBe(200)
  expect((await from('203.0.113.78', '192.0.2.1')).statusCode).toBe(429)
})

test('one IPv6 network of 64 bits is one address', async () => {
  await open({ rates: anonymous })
  const reply = (remoteAddress: string) => app.inject({ url: '/docs', remoteAddress })
  expect((await reply('2001:db8:1:1::1')).statusCode).toBe(200)
  expect((await reply('2001:db8:1:1:ffff::2')).statusCode).toBe(429)
  expect((await reply('2001:db8:1:2::1')).statusCode).toBe(200)
})

const origin = 'https://dashboard.example'
const corsOf = ({ headers }: { headers: Record<string, unknown> }) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'))

test('without a list no answer has a CORS header', async () => {
  await open({})
  expect(corsOf(await app.inject({ url: '/v1/me', headers: { origin } }))).toEqual([])
  const preflight = { origin, 'access-control-request-method': 'POST' }
  const reply = await app.inject({ method: 'OPTIONS', url: '/v1/me', headers: preflight })
  expect(reply.statusCode).toBe(405)
  expect(corsOf(reply)).toEqual([])
})

test('listed origins may call, read the headers they need and ask before; others may not', async () => {
  await open({ limits: { allowedOrigins: [origin, 'http://localhost:5173'] } })
  const ask = (from: string, method = 'POST') =>
    app.inject({
      method: 'OPTIONS',
      url: '/v1/projects/current/charges',
      headers: { origin: from, 'access-control-request-method': method },
    })
  const allowed = await ask(origin)
  expect(allowed.statusCode).toBe(204)
  expect(allowed.headers).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-allow-methods': expect.stringContaining('DELETE'),
    'access-control-allow-headers': expect.stringContaining('Idempotency-Key'),
    vary: 'Origin',
    'x-content-type-options': 'nosniff',
  })
  expect(allowed.headers).not.toHaveProperty('access-control-allow-credentials')
  const refusal = await app.inject({ url: '/v1/me', headers: { origin } })
  expect(refusal.statusCode).toBe(401) // the page can read why
  expect(refusal.headers).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': expect.stringContaining('Retry-After'),
  })
  for (const other of ['https://dashboard.example.evil', 'http://dashboard.example', 'null', `${origin}:8443`]) {
    const reply = await ask(other)
    expect(reply.statusCode).toBe(405)
    expect(corsOf(reply)).toEqual([])
    expect(reply.headers).toMatchObject({ vary: 'Origin' })
  }
  const bare = await app.inject({ method: 'OPTIONS', url: '/v1/me', headers: { origin } })
  expect(bare.statusCode).toBe(405)
})

test('fixed security headers on JSON, problems and probes; a policy of its own on pages', async () => {
  await open({})
  const strict = { 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' }
  for (const url of ['/v1/scopes', '/livez', '/nowhere', '/v1/me']) {
    const { headers } = await app.inject({ url })
    expect(headers).toMatchObject({
      ...strict,
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
    })
  }
  const { headers } = await app.inject({ url: '/docs' })
  expect(headers).toMatchObject(strict)
  expect(headers['content-security-policy']).toMatch(
    /^default-src 'none'; style-src 'sha256-[^' ]+'; script-src 'sha256-[^' ]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  )
})

/** Sends a text on a connection of its own and returns everything that comes back. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  sockets.push(socket)
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk))
  socket.write(text)
  await new Promise((resolve) => socket.once('close', resolve))
  return answer
}

const close = 'Connection: close\r\n'

test('an upgrade to another protocol is ignored', async () => {
  const port = await open({})
  const h2c = `Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n`
  const post = `${guarded}${h2c}Content-Length: 13\r\n\r\n{"unknown":1}`
  expect(await exchange(port, post)).toMatch(/^HTTP\/1\.1 400 [\s\S]*body\.unknown/) // its body was read
  const get = `GET /livez HTTP/1.1\r\nHost: x\r\n${h2c}\r\n`
  expect(await exchange(port, get)).toMatch(/^HTTP\/1\.1 200 /)
})

test('garbage after a complete request does not answer for it', async () => {
  const port = await open({})
  const request = `GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ownerKey}\r\n\r\n`
  const answer = await exchange(port, `${request}\x00\x01 garbage\r\n\r\n`)
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200'])
  expect(answer).toContain('"subject":"owner"')
})

test('what is no request is answered with security headers and an id, and counted by address', async () => {
  const port = await open({ rates: { anonymous: { requests: 2, windowSeconds: 60 } } })
  const answers = [await exchange(port, 'garbage\r\n\r\n'), await exchange(port, 'garbage\r\n\r\n')]
  for (const answer of answers) {
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toMatch(/x-content-type-options: nosniff/)
    const [, id] = /x-request-id: (req_[0-9a-f-]{36})/.exec(answer) ?? []
    expect(answer).toContain(`"instance":"${id}"`)
  }
  expect(answers[0]).not.toBe(answers[1])
  expect(await exchange(port, 'garbage\r\n\r\n')).toBe('')
  expect(await exchange(port, `GET /livez HTTP/1.1\r\nHost: x\r\n${close}\r\n`)).toMatch(/^HTTP\/1\.1 200 /)
})
