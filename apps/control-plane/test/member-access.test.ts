import { type Role, type RouteContract, roleScopes, roles, routes } from '@core/api'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts'

/** Every route that needs a credential, against people with each role: made from the list of routes and of roles. */

let issuer: TokenIssuer
let server: TestServer
const guarded: readonly RouteContract[] = routes.filter(({ auth }) => auth !== 'public')
const ofProject = guarded.filter(({ path }) => path.includes('{project}'))

beforeAll(async () => {
  issuer = await startTokenIssuer()
  server = await openTestServer(undefined, undefined, { jwt: issuer.settings })
  const { database } = server.test
  const set = (p_project: string, p_subject: string, p_role: string) =>
    database.rpc('member_set', { p_project, p_subject, p_role })
  for (const role of roles) await set('smart_layer', `user:${role}`, role)
  await set('smart_layer', 'user:remaining', 'owner')
  await set('manus_origin', 'user:stranger', 'owner')
  await set('manus_origin', 'user:both', 'owner')
  await set('smart_layer', 'user:both', 'viewer')
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await issuer?.[Symbol.asyncDispose]()
})

/** A person signs in once, as people do. */
const signed = new Map<string, Promise<string>>()
function sign(sub: string, claims: object): Promise<string> {
  const name = `${sub} ${JSON.stringify(claims)}`
  const token = signed.get(name) ?? issuer.sign(sub, { ...claims })
  signed.set(name, token)
  return token
}

/** A request that would succeed or at least be understood, made from the contract's own example. */
async function call(route: RouteContract, project: string, sub: string, claims: object = {}) {
  const [example] = route.examples
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'project' ? project : encodeURIComponent(String(example?.params?.[name] ?? uuidv7())),
  )
  const key = await sign(sub, claims)
  // A stream would stay open; HEAD passes the same gate.
  const method = route.produces === 'text/event-stream' ? 'HEAD' : route.method
  return server.send(method, path, { key, ...(example?.body === undefined ? {} : { body: example.body }) })
}

const allows = (role: Role, { auth }: RouteContract) =>
  auth === 'public' || auth === 'authenticated' || roleScopes[role].some((scope) => scope === auth)
const withoutInstance = (text: string) => text.replaceAll(/req_[0-9a-f-]{36}/g, 'req_')

describe.each(roles)('a member who is %s', (role) => {
  test.each(ofProject.map((route) => [route.operation, route] as const))('%s', async (_, route) => {
    const reply = await call(route, 'smart_layer', role)
    expect([401, 500, 503]).not.toContain(reply.status)
    if (!allows(role, route)) expect(reply).toMatchObject({ status: 403 })
    else if (reply.status === 403) {
      // What the owner of the whole system alone may do, and what exceeds the role of who asks.
      expect(reply.body['reason']).toMatch(/^(forbidden_account|owner_only|caps_exceed_own|role_exceeds_own)$/)
    }
    const own = await call(route, 'current', role)
    expect(own.status === 403).toBe(reply.status === 403)
  })
})

describe.each(ofProject.map((route) => [route.operation, route] as const))('%s', (_, route) => {
  test('hides a project from people who are no members of it as if there were none', async () => {
    for (const sub of ['stranger', 'no_member']) {
      const [foreign, missing] = await Promise.all([
        call(route, 'smart_layer', sub),
        call(route, 'no_such_project', sub),
      ])
      expect(foreign.status).toBe(404)
      expect(withoutInstance(foreign.text)).toBe(withoutInstance(missing.text))
      expect(Object.keys(foreign.headers)).toEqual(Object.keys(missing.headers))
    }
  })

  test('gives a person with two projects in each what its role is there', async () => {
    const [here, there] = await Promise.all([call(route, 'smart_layer', 'both'), call(route, 'manus_origin', 'both')])
    if (!allows('viewer', route)) expect(here.status).toBe(403)
    expect([401, 500]).not.toContain(there.status)
    if (there.status === 403) expect(there.body['reason']).toMatch(/^(forbidden_account|owner_only)$/)
    expect(await call(route, 'current', 'both')).toMatchObject({ status: 400 })
  })

  test('refuses a token of another audience', async () => {
    expect(await call(route, 'smart_layer', 'owner', { aud: 'else' })).toMatchObject({ status: 401 })
  })
})

test.each(
  guarded
    .filter(({ path, auth }) => !path.includes('{project}') && auth !== 'authenticated')
    .map((route) => [route.operation, route] as const),
)('%s, which names no project, serves a member within its project or not at all', async (_, route) => {
  for (const sub of [...roles, 'both', 'no_member']) {
    const reply = await call(route, '', sub)
    // Who may make projects gets the answer that their own exists already.
    expect([200, 400, 403, 404, 409]).toContain(reply.status)
    if (sub === 'no_member') expect(reply.status).toBe(403)
    // The manifest and health show every project by its name, and the figures of one's own.
    if (!['listManifest', 'listHealth', 'placeWork'].includes(route.operation))
      expect(reply.text).not.toContain(sub === 'both' ? 'issuer' : 'manus_origin')
  }
})

test('nothing of all this has moved a credit that was not there', async () => {
  expect(await server.audit()).toMatchObject({ ok: true, violations: [] })
})
