import { hash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { contentPaths, gatewayRoutes, routes } from '@core/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

test('health is public and says nothing else', async () => {
  expect(await server.send('GET', '/livez')).toMatchObject({ status: 200, text: '{"status":"healthy"}' })
  expect((await server.send('GET', '/readyz')).body).toEqual({
    status: 'healthy',
    checks: { database: { status: 'up', latencyMs: expect.any(Number) } },
  })
})

test('the document lists what is served', async () => {
  const { status, body } = await server.send('GET', '/openapi.json')
  expect(status).toBe(200)
  const operations = Object.values(body['paths'] as object).flatMap((path: object) =>
    Object.values(path).map(({ operationId }: { operationId: string }) => operationId),
  )
  const content = Object.values(contentPaths).flatMap((path) => Object.values(path).map((one) => one['operationId']))
  const named = [...routes, ...gatewayRoutes].map(({ operation }) => operation)
  expect(operations.sort()).toEqual([...named, ...content].sort())
})

test('the document is made once and has a tag, so that a reader asks whether it has changed', async () => {
  const { headers, text } = await server.send('GET', '/openapi.json')
  expect(headers).toMatchObject({ etag: expect.stringMatching(/^"[0-9a-f]{32}"$/), 'cache-control': 'no-cache' })
  const again = await server.send('GET', '/openapi.json', { headers: { 'if-none-match': String(headers['etag']) } })
  expect(again).toMatchObject({ status: 304, text: '' })
  expect((await server.send('GET', '/openapi.json', { headers: { 'if-none-match': '"other"' } })).text).toBe(text)
})

test('the docs and the document are compressed for who accepts that, once, and asked about by their tag', async () => {
  for (const path of ['/docs', '/openapi.json']) {
    const plain = await server.send('GET', path)
    const zipped = await server.app.inject({ url: path, headers: { 'accept-encoding': 'br, gzip;q=0.8' } })
    expect(zipped.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' })
    expect(gunzipSync(zipped.rawPayload).toString()).toBe(plain.text)
    expect(zipped.rawPayload.length, path).toBeLessThan(200_000)
    for (const tag of [plain.headers['etag'], zipped.headers.etag]) {
      const again = await server.send('GET', path, { headers: { 'if-none-match': String(tag) } })
      expect(again).toMatchObject({ status: 304, text: '' })
      // A browser takes the fields of a 304 for those of the page that it has kept.
      expect(again.headers['content-security-policy']).toBe(plain.headers['content-security-policy'])
    }
    const refused = await server.app.inject({ url: path, headers: { 'accept-encoding': 'gzip;q=0, identity' } })
    expect(refused.headers).not.toHaveProperty('content-encoding')
  }
})

test('the docs are a page that may load nothing and runs its own script only', async () => {
  const docs = await server.send('GET', '/docs')
  expect(docs).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
  const policy = docs.headers['content-security-policy']
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; script-src 'sha256-[A-Za-z0-9+/=]+';/,
  )
  for (const element of ['style', 'script']) {
    const [, text = ''] = docs.text.match(new RegExp(`<${element}>(.*?)</${element}>`, 's')) ?? []
    expect(policy).toContain(`'sha256-${hash('sha256', text, 'base64')}'`)
  }
  expect(await server.send('GET', '/problems/hold_closed')).toMatchObject({ status: 200 })
  expect(await server.send('GET', '/problems/nonsense')).toMatchObject({ status: 400 })
})

test('the address of the server leads to the docs, below a prefix too', async () => {
  expect(await server.send('GET', '/')).toMatchObject({ status: 302, headers: { location: 'docs' } })
})

test('every answer carries the security headers and its id, errors too', async () => {
  for (const path of ['/livez', '/docs', '/v1/me', '/nowhere', '/v1/projects/%ff']) {
    const { headers } = await server.send('GET', path)
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': path === '/docs' ? 'no-cache' : 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-request-id': expect.stringMatching(/^req_[0-9a-f-]{36}$/),
    })
    expect(headers).not.toHaveProperty('x-powered-by')
  }
})

test('an unknown address is a problem document, a known one with another method names those it has', async () => {
  expect(await server.send('GET', '/v2/me')).toMatchObject({ status: 404, body: { code: 'not_found' } })
  const reply = await server.send('POST', '/v1/me')
  expect(reply).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' }, body: { code: 'method_not_allowed' } })
  const shown = `/v1/projects/smart_layer/holds/${reply.headers['x-request-id']}`
  for (const [path, allow] of Object.entries({
    '/v1/me?x=1': 'GET, HEAD',
    '/v1/api-keys': 'GET, HEAD, POST',
    [shown]: 'GET, HEAD',
  }))
    for (const method of ['TRACE', 'PROPFIND', 'QUERY'])
      expect(await server.send(method, path, { body: {} }), method).toMatchObject({ status: 405, headers: { allow } })
  expect(await server.send('TRACE', '/v2/me')).toMatchObject({ status: 404 })
  expect(await server.send('HEAD', '/livez')).toMatchObject({ status: 200, text: '' })
})
