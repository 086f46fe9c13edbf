import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { loadConfig } from '@core/config'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkSignIn } from './check-sign-in.ts'

let server: Server
let issuer: string
let body: unknown
beforeAll(async () => {
  server = createServer((_, response) => response.end(JSON.stringify(body))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  issuer = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
})
afterAll(() => server.close())

const config = (overrides = {}) =>
  loadConfig({
    env: {},
    cwd: import.meta.dirname,
    overrides: { auth: { provider: 'oidc', issuer, clientId: 'core', ...overrides } },
  })

test('an issuer that names itself is fine, and another one is a fault', async () => {
  body = { issuer }
  expect(await checkSignIn(config())).toMatchObject({ status: 'ok', detail: `at ${issuer}, by oidc` })
  body = { issuer: 'https://other.example' }
  expect(await checkSignIn(config())).toMatchObject({
    status: 'fault',
    fix: expect.stringContaining('CORE_AUTH_ISSUER'),
  })
})

test('one that does not answer is a fault, and so is a server without a key to seal with', async () => {
  const away = await checkSignIn(config({ issuer: 'http://127.0.0.1:1' }))
  expect(away).toMatchObject({ status: 'fault', detail: expect.stringContaining('does not answer') })
  const database = { driver: 'postgres', url: 'postgres://127.0.0.1/core' } as const
  const auth = { provider: 'oidc', issuer, clientId: 'core' } as const
  const served = loadConfig({ env: {}, cwd: import.meta.dirname, overrides: { auth, database } })
  expect(await checkSignIn(served)).toMatchObject({ status: 'fault', fix: expect.stringContaining('CORE_SECRETS_KEY') })
})

test('with the owner key alone there is nothing to look at', async () => {
  expect(await checkSignIn(loadConfig({ env: {}, cwd: import.meta.dirname }))).toMatchObject({ status: 'skipped' })
})
