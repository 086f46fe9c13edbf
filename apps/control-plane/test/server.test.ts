import { routes } from '@core/api'
import { silentLogger } from '@core/foundation'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKeyring } from '../src/auth/keyring.ts'
import { createProjectDirectory } from '../src/auth/project-directory.ts'
import type { BoundRoute } from '../src/http/bound-route.ts'
import { installRoutes } from '../src/http/routes.ts'
import { createAdmission } from '../src/limits/admission.ts'
import { createOwnRateLimits } from '../src/limits/rate-limits.ts'
import { nouns } from '../src/nouns.ts'
import { openTestServer, type TestServer, unlimited } from './test-server.ts'

let server: TestServer
const lines: { fields: Record<string, unknown>; message: string | undefined }[] = []

beforeAll(async () => {
  const write = (fields: object, message?: string) => void lines.push({ fields: { ...fields }, message })
  server = await openTestServer({ ...silentLogger, info: write, error: write })
})
afterAll(() => server[Symbol.asyncDispose]())

test('every request is one line, with its id and project, without any secret', async () => {
  lines.length = 0
  const key = server.keys.smart_layer
  const charge = { key, body: { account: 'smart_layer', amount: 1, metadata: { note: 'private-note' } } }
  const replies = [
    await server.send('POST', '/v1/projects/current/charges?x=query-secret', charge),
    await server.send('GET', '/v1/me', { key: 'ck_live_wrong' }),
    await server.send('GET', '/nowhere', { key }),
  ]
  expect(lines).toHaveLength(3)
  expect(lines.map(({ fields }) => fields['requestId'])).toEqual(replies.map(({ headers }) => headers['x-request-id']))
  expect(lines[0]).toMatchObject({
    message: 'request',
    fields: { method: 'POST', route: '/v1/projects/{project}/charges', status: 400, project: 'smart_layer' },
  })
  expect(lines[0]?.fields['subject']).toMatch(/^key:/)
  const text = JSON.stringify(lines)
  for (const secret of [key, 'ck_live_wrong', 'private-note', 'query-secret', 'Bearer'])
    expect(text).not.toContain(secret)
})

test('a fault of the server is answered without detail and logged with it', async () => {
  lines.length = 0
  await server.test.sql('alter function core_api.ledger_alerts rename to ledger_alerts_gone')
  const reply = await server.send('GET', '/v1/projects/current/alerts', { key: server.keys.smart_layer })
  await server.test.sql('alter function core_api.ledger_alerts_gone rename to ledger_alerts')
  expect(reply).toMatchObject({ status: 500, body: { code: 'database_schema', errors: [] } })
  expect(reply.text).not.toContain('ledger_alerts')
  const failure = lines.find(({ message }) => message === 'request failed')
  expect(failure?.fields).toMatchObject({ requestId: reply.body['instance'], err: { code: 'E_DATABASE_SCHEMA' } })
})

test('an answer that does not fit its contract does not leave the house', async () => {
  await server.test.sql(`
    alter function core_api.ledger_alerts rename to ledger_alerts_kept;
    create function core_api.ledger_alerts(p_after bigint default 0, p_limit int default 100) returns jsonb
      language sql as $$ select '{"ok": true, "alerts": [{"id": "secret"}]}'::jsonb $$`)
  const reply = await server.send('GET', '/v1/projects/current/alerts', { key: server.keys.smart_layer })
  await server.test.sql(`
    drop function core_api.ledger_alerts;
    alter function core_api.ledger_alerts_kept rename to ledger_alerts`)
  expect(reply).toMatchObject({ status: 500, body: { code: 'internal' } })
  expect(reply.text).not.toContain('secret')
})

test('a database that is away is 503 with Retry-After, and the server is not ready', async () => {
  const own = await openTestServer()
  await own.test.database.close()
  const reply = await own.send('GET', '/v1/projects/current/alerts', { key: own.keys.smart_layer })
  expect(reply).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1' },
    body: { code: 'unavailable', retryable: true },
  })
  expect(await own.send('GET', '/readyz')).toMatchObject({ status: 503, body: { code: 'unavailable' } })
  expect(await own.send('GET', '/livez')).toMatchObject({ status: 200 })
  await own[Symbol.asyncDispose]()
})

test('boot fails on a route that is unserved, unknown, doubled or without auth', () => {
  const { database } = server.test
  const admission = createAdmission(createOwnRateLimits(unlimited))
  const complete = nouns.flatMap((create) => create(server.kernel).routes)
  const install = (bound: readonly BoundRoute[]) =>
    installRoutes(Fastify(), {
      nouns: [{ routes: bound }],
      database,
      keyring: createKeyring({ database }),
      admission,
      projects: createProjectDirectory(database),
      basePath: '',
    })
  const [first] = complete
  if (first === undefined) throw new Error('no routes')
  const contract = { ...first.contract }
  Reflect.deleteProperty(contract, 'auth')
  expect(() => install(complete)).not.toThrow()
  expect(() => install(complete.slice(1))).toThrow(`${first.contract.operation} is served by nothing`)
  expect(() => install([...complete, first])).toThrow('a route is served twice')
  const undeclared = { ...first, contract }
  expect(() => install([...complete.slice(1), undeclared])).toThrow('does not declare auth')
  expect(routes.length).toBe(complete.length)
})
