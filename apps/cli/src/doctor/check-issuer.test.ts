import { createServer, type Server } from 'node:http'
import { createSecret, type JwtSettings } from '@core/config'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkIssuer } from './check-issuer.ts'

let server: Server
let settings: JwtSettings
let body: unknown
beforeAll(async () => {
  server = createServer((_, response) => response.end(JSON.stringify(body)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const jwksUrl = `http://127.0.0.1:${port}/keys`
  settings = { issuer: 'https://id.example', audience: ['core'], jwksUrl, secret: undefined, roleClaim: undefined }
})
afterAll(() => server.close())

test('an issuer that publishes keys is fine', async () => {
  body = { keys: [{ kty: 'EC', kid: '1' }] }
  expect(await checkIssuer(settings)).toMatchObject({ status: 'ok', detail: 'https://id.example publishes 1 key' })
})

test.each([
  ['no keys', { keys: [] }, 'publishes no keys'],
  ['something else', { error: 'no' }, 'cannot be fetched'],
])('one that publishes %s is a fault, or a warning where a shared secret does instead', async (_, answer, detail) => {
  body = answer
  expect(await checkIssuer(settings)).toMatchObject({ status: 'fault', detail: expect.stringContaining(detail) })
  const secret = createSecret('s'.repeat(32))
  expect(await checkIssuer({ ...settings, secret })).toMatchObject({ status: 'warning' })
})

test('one that does not answer is a fault', async () => {
  const away = { ...settings, jwksUrl: 'http://127.0.0.1:1/keys' }
  expect(await checkIssuer(away)).toMatchObject({ status: 'fault', fix: expect.stringContaining('CORE_JWT_ISSUER') })
})

test('without one there is nothing to look at', async () => {
  expect(await checkIssuer(undefined)).toMatchObject({ status: 'skipped' })
})
