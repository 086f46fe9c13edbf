import { type RouteContract, routes, type Scope, scopeNames } from '@core/api'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

/** Every route that needs a credential, against every credential that must not pass: made from the list of routes. */

let server: TestServer
const credentials: Record<string, string> = {}
const guarded: readonly RouteContract[] = routes.filter(({ auth }) => auth !== 'public')
const scoped = guarded.filter(({ auth }) => auth !== 'authenticated')

beforeAll(async () => {
  server = await openTestServer()
  const { send, owner, makeKey } = server
  credentials['junk'] = 'ck_live_junk'
  credentials['unknown'] = 'ck_live_7Qf2ZrWmJ0dYk3uTnB8xVh1LsEoGa9cPiXt6RbQyKw5MzF40A'
  credentials['foreign'] = await makeKey('manus_origin', scopeNames)
  const brief = await send('POST', '/v1/projects/smart_layer/api-keys', { key: owner, body: { name: 'brief' } })
  const address = `/v1/projects/smart_layer/api-keys/${brief.body['id']}`
  await send('POST', `${address}/reroll`, { key: owner, body: { overlapSeconds: 0 } })
  credentials['expired'] = String(brief.body['secret'])
  const gone = await send('POST', '/v1/projects/smart_layer/api-keys', { key: owner, body: { name: 'gone' } })
  await send('DELETE', `/v1/projects/smart_layer/api-keys/${gone.body['id']}`, { key: owner })
  credentials['revoked'] = String(gone.body['secret'])
})
afterAll(() => server[Symbol.asyncDispose]())

/** A request that would succeed or at least be understood, made from the contract's own example. */
function call(route: RouteContract, project: string, key?: string) {
  const [example] = route.examples
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'project' ? project : encodeURIComponent(String(example?.params?.[name] ?? uuidv7())),
  )
  return server.send(route.method, path, { key, ...(example?.body === undefined ? {} : { body: example.body }) })
}

const withoutInstance = (text: string) => text.replaceAll(/req_[0-9a-f-]{36}/g, 'req_')

describe.each(guarded.map((route) => [route.operation, route] as const))('%s', (_, route) => {
  test.each(['none', 'junk', 'unknown', 'expired', 'revoked'])('refuses the credential: %s', async (name) => {
    const reply = await call(route, 'smart_layer', credentials[name])
    expect(reply).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
      body: { code: 'unauthenticated' },
    })
  })
})

describe.each(
  guarded.filter(({ path }) => path.includes('{project}')).map((route) => [route.operation, route] as const),
)('%s', (_, route) => {
  test('hides a foreign project as if there were none', async () => {
    const [foreign, missing] = await Promise.all([
      call(route, 'smart_layer', credentials['foreign']),
      call(route, 'no_such_project', credentials['foreign']),
    ])
    expect(foreign).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(withoutInstance(foreign.text)).toBe(withoutInstance(missing.text))
    expect(Object.keys(foreign.headers)).toEqual(Object.keys(missing.headers))
    expect(foreign.headers['content-length']).toBe(missing.headers['content-length'])
  })

  test('hides it from a key without the scope, too, and before it looks at the input', async () => {
    const weak = await server.makeKey('manus_origin', ['flag:read'])
    const broken = await server.send(
      route.method,
      route.path.replace('{project}', 'smart_layer').replaceAll(/\{\w+\}/g, 'x'),
      {
        key: weak,
        idempotencyKey: null,
        body: '{',
      },
    )
    expect(broken.status).toBe(404)
  })
})

describe.each(scoped.map((route) => [route.operation, route] as const))('%s', (_, route) => {
  test('refuses a key that lacks its scope, and names it', async () => {
    const others = scopeNames.filter((scope) => scope !== route.auth)
    const reply = await call(route, 'smart_layer', await server.makeKey('smart_layer', others))
    expect(reply).toMatchObject({ status: 403, body: { code: 'forbidden', scope: route.auth } })
  })

  test('lets a key with only its scope past the gate', async () => {
    const reply = await call(route, 'smart_layer', await server.makeKey('smart_layer', [route.auth as Scope]))
    expect([401, 500]).not.toContain(reply.status)
    // Some of what the scope allows is the owner's all the same (top accounts, keys with more than one's own scopes).
    if (reply.status === 403)
      expect(reply.body['reason']).toMatch(
        /^(forbidden_account|forbidden_capability|caps_exceed_own|role_exceeds_own)$/,
      )
    // The key ended all keys of its project, itself included.
    if (route.operation === 'archiveProject')
      await server.send('DELETE', '/v1/projects/smart_layer/archive', { key: server.owner })
  })
})

test('the second wall: claims without the scope are refused by the database itself', async () => {
  const claims = { role: 'core_member', project: 'smart_layer', caps: ['ledger:read'], sub: 'key:x' } as const
  const { database } = server.test
  const reserve = { p_key: uuidv7(), p_account: 'smart_layer', p_amount: 1 }
  await expect(database.rpc('ledger_reserve', reserve, { claims })).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  const foreign = { ...claims, project: 'manus_origin', caps: ['ledger:spend'] }
  await expect(database.rpc('ledger_reserve', reserve, { claims: foreign })).rejects.toMatchObject({
    code: 'E_FORBIDDEN',
  })
})

test('nothing of all this has moved a credit', async () => {
  expect(await server.audit()).toMatchObject({ ok: true, violations: [] })
})
