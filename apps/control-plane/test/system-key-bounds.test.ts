import { generateApiKey, type Scope } from '@core/api'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

/** A key of the whole system with some scopes is not the owner: what only the owner may do across projects is closed to it. */

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

async function systemKey(...scopes: Scope[]): Promise<string> {
  const { secret, hash, hint } = generateApiKey('test')
  await server.test.database.rpc('key_create', { p_key: uuidv7(), p_hash: hash, p_hint: hint, p_caps: scopes })
  return secret
}

const project = '/v1/projects/smart_layer'

test('with ledger:account it opens what a project could, and gives no overdraft', async () => {
  const key = await systemKey('ledger:account')
  const open = (body: object) => server.send('POST', `${project}/accounts`, { key, body })
  expect(await open({ account: 'smart_layer/plain' })).toMatchObject({ status: 201 })
  expect(await open({ account: 'smart_layer/rich', overdraft: 1_000_000 })).toMatchObject({
    status: 403,
    body: { reason: 'forbidden_account' },
  })
  expect(await open({ account: 'smart_layer/drawn', parent: 'pool', funding: 'parent' })).toMatchObject({
    status: 404,
    body: { code: 'account_not_found' },
  })
})

test('with ledger:spend it moves no credits out of a project', async () => {
  const owner = (path: string, body: object) => server.send('POST', path, { key: server.owner, body })
  await owner(`${project}/accounts`, { account: 'smart_layer/own' })
  await owner(`${project}/grants`, { account: 'smart_layer/own', amount: 10 })
  const body = { from: 'smart_layer/own', to: 'manus_origin', amount: 1 }
  const moved = await server.send('POST', `${project}/transfers`, { key: await systemKey('ledger:spend'), body })
  expect(moved).toMatchObject({ status: 404, body: { code: 'account_not_found' } })
  expect(await owner(`${project}/transfers`, body)).toMatchObject({ status: 201 })
})

test('with flag:write it sets no flag for all projects', async () => {
  const set = { key: await systemKey('flag:write'), body: { value: 1 } }
  expect(await server.send('PUT', '/v1/flags/a', set)).toMatchObject({ status: 404, body: { code: 'not_found' } })
  expect(await server.send('PUT', `${project}/flags/a`, set)).toMatchObject({ status: 200 })
})

test('with audit:read it reads the whole log, which is what the scope says everywhere', async () => {
  const key = await systemKey('audit:read')
  expect(await server.send('GET', '/v1/audit-log', { key })).toMatchObject({ status: 200 })
  expect(await server.send('GET', `${project}/audit-log`, { key })).toMatchObject({ status: 200 })
})
