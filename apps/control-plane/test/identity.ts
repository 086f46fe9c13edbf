import { generateApiKey, type RouteContract, routes, type Scope, scopeNames } from '@core/api'
import type { Claims } from '@core/database'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts'

/**
 * Identity is looked up, not spelled: a name in a path or in claims is a registered project, or there is nothing. Only
 * the owner acts on accounts outside every project. Made from the classes of credentials and the list of routes.
 */

/** Outside every project: a pool, a user's account, one that waits for its project, and the ledger's own. */
const rootAccounts = ['pool', 'lone_user', 'unregistered', 'sink', 'issuer', 'breakage'] as const
const unknown = ['nowhere', 'core', 'public', 'pool2', '__proto__'] as const
const outside = [...rootAccounts, ...unknown]

const credentials = [
  'project key',
  'system key that spends',
  'system key with every scope but one',
  'operator everywhere',
  'admin everywhere',
  'viewer everywhere',
  'member of a project',
] as const
type Credential = (typeof credentials)[number]

/**
 * Registers the tests. Each credential calls each route at so many of the names outside projects, by default all, which go
 * round: at two each credential and each route still meets each name.
 */
export function describeIdentity(namesEach: number = outside.length): void {
  const pick = (names: readonly string[], turn: number) => {
    const first = turn % names.length
    return [...names.slice(first), ...names.slice(0, first)].slice(0, namesEach)
  }
  const namesOf = (credential: Credential, index: number) =>
    pick(outside, index + credentials.indexOf(credential) * namesEach)

  let issuer: TokenIssuer
  let server: TestServer
  const keys = new Map<Credential | 'owner', string>()

  beforeAll(async () => {
    issuer = await startTokenIssuer()
    server = await openTestServer(undefined, undefined, { jwt: { ...issuer.settings, roleClaim: 'core_role' } })
    const { database } = server.test
    const open = (p_account: string, p_kind: string) =>
      database.rpc('ledger_account_open', { p_key: uuidv7(), p_account, p_kind, p_metadata: {} })
    await open('lone_user', 'user')
    await open('unregistered', 'project')
    for (const p_account of ['lone_user', 'unregistered']) {
      await database.rpc('ledger_grant', { p_key: uuidv7(), p_account, p_amount: 1_000_000 })
    }
    await database.rpc('member_set', { p_project: 'smart_layer', p_subject: 'user:member', p_role: 'owner' })
    keys.set('owner', server.owner)
    keys.set('project key', await server.makeKey('smart_layer', scopeNames.filter(isOfProject)))
    keys.set('system key that spends', await systemKey(['ledger:spend']))
    keys.set(
      'system key with every scope but one',
      await systemKey(scopeNames.filter((scope) => scope !== 'key:write')),
    )
    for (const role of ['operator', 'admin', 'viewer'] as const) {
      keys.set(`${role} everywhere`, await issuer.sign(role, { core_role: role }))
    }
    keys.set('member of a project', await issuer.sign('member'))
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await issuer?.[Symbol.asyncDispose]()
  })

  const isOfProject = (scope: Scope) => scope !== 'system:read'

  async function systemKey(scopes: readonly Scope[]): Promise<string> {
    const { secret, hash, hint } = generateApiKey('test')
    await server.test.database.rpc('key_create', { p_key: uuidv7(), p_hash: hash, p_hint: hint, p_caps: scopes })
    return secret
  }

  const ofProject: readonly RouteContract[] = routes.filter(
    ({ path, operation }) => path.includes('{project}') && operation !== 'putProject',
  )

  /** The example of a route, at a name and for the account of that name. */
  function call(route: RouteContract, name: string, key: string | undefined) {
    const [example] = route.examples
    const path = route.path.replaceAll(/\{(\w+)\}/g, (_, part: string) =>
      part === 'project'
        ? name
        : part === 'code'
          ? name
          : encodeURIComponent(String(example?.params?.[part] ?? uuidv7())),
    )
    const method = route.produces === 'text/event-stream' ? 'HEAD' : route.method
    const given: unknown = example?.body
    const named = Object.fromEntries(['account', 'from', 'parent'].map((field) => [field, name]))
    const body =
      typeof given === 'object' && given !== null
        ? Object.fromEntries(Object.entries(given).map(([field, value]) => [field, named[field] ?? value]))
        : undefined
    return server.send(method, path, { key, ...(body === undefined ? {} : { body }) })
  }

  const balances = async () =>
    Promise.all(
      ['pool', 'lone_user', 'unregistered'].map((p_account) =>
        server.test.database.rpc('ledger_balance', { p_account }).then((balance) => Object(balance)['available']),
      ),
    )

  test('each credential and each route meets each name', () => {
    const every = [...outside].sort()
    const all = (names: readonly string[]) => [...new Set(names)].sort()
    for (const credential of credentials)
      expect(all(ofProject.flatMap((_, index) => namesOf(credential, index)))).toEqual(every)
    for (const index of ofProject.keys())
      expect(all(credentials.flatMap((credential) => namesOf(credential, index)))).toEqual(every)
  })

  describe.each(credentials)('%s', (credential) => {
    let before: Awaited<ReturnType<typeof balances>>
    beforeAll(async () => {
      before = await balances()
    })

    test.each(ofProject.map((route, index) => [route.operation, route, index] as const))(
      '%s reaches nothing outside projects',
      async (_, route, index) => {
        const elsewhere = await call(route, 'certainly_not_there', keys.get(credential))
        for (const name of namesOf(credential, index)) {
          const reply = await call(route, name, keys.get(credential))
          // A caller that lacks the scope everywhere learns that and nothing of the name.
          expect([403, 404], `${name}: ${reply.text}`).toContain(reply.status)
          expect(reply.status).toBe(elsewhere.status)
        }
      },
    )

    test('moves no credits outside projects with any of them', async () => {
      expect(await balances()).toEqual(before)
    })
  })

  describe('the owner', () => {
    const unmade = ofProject.filter(({ makes }) => makes === undefined)
    test.each(unmade.map((route, index) => [route.operation, route, index] as const))(
      '%s of an unknown project is 404',
      async (_, route, index) => {
        for (const name of pick(['sink', 'issuer', 'breakage', ...unknown], index))
          expect(await call(route, name, server.owner)).toMatchObject({ status: 404 })
      },
    )

    test.each(['pool', 'lone_user', 'unregistered'])('charges, reads and reserves on %s', async (name) => {
      const send = (method: string, path: string, body?: object) =>
        server.send(method, `/v1/projects/${name}/${path}`, { key: server.owner, ...(body ? { body } : {}) })
      expect(await send('POST', 'charges', { account: name, amount: 1 })).toMatchObject({ status: 201 })
      expect(await send('POST', 'holds', { account: name, amount: 1 })).toMatchObject({ status: 201 })
      expect(await send('GET', `accounts/${name}/balance`)).toMatchObject({ status: 200 })
      expect(await send('GET', 'accounts')).toMatchObject({ status: 200, body: { data: [{ account: name }] } })
      expect(await send('GET', 'audit-log')).toMatchObject({ status: 200 })
      expect(await send('HEAD', 'events?topics=ledger.alert')).toMatchObject({ status: 200 })
      for (const path of ['flags', 'members', 'api-keys', 'errors', ''])
        expect(await send('GET', path), path).toMatchObject({ status: 404 })
      expect(await send('POST', 'api-keys', { name: 'x' })).toMatchObject({ status: 404 })
    })

    test('opens the first account of a name, and may open it outside every project', async () => {
      const body = { account: 'fresh', kind: 'pool' }
      const opened = await server.send('POST', '/v1/projects/fresh/accounts', { key: server.owner, body })
      expect(opened).toMatchObject({ status: 201, body: { account: 'fresh' } })
    })
  })

  /** Accounts, what happened to them and their events; everything else belongs to a project. */
  const isOfAccounts = ({ auth }: RouteContract) => /^(ledger:|audit:read$|event:read$)/.test(auth)

  describe('the owner at root accounts', () => {
    const kinds = { any_pool: 'pool', any_user: 'user', any_project: 'project' }
    beforeAll(async () => {
      for (const [p_account, p_kind] of Object.entries(kinds))
        await server.test.database.rpc('ledger_account_open', { p_key: uuidv7(), p_account, p_kind })
    })

    test.each(ofProject.map((route) => [route.operation, route] as const))(
      '%s is of the account, or there is nothing',
      async (_, route) => {
        for (const name of Object.keys(kinds)) {
          const { status, text } = await call(route, name, server.owner)
          const expected = isOfAccounts(route) ? [200, 201, 400, 402, 404, 409] : [404]
          expect(expected, text).toContain(status)
        }
      },
    )
  })

  describe('names of projects and of root accounts exclude each other', () => {
    test.each(['pool', 'lone_user', 'issuer', 'sink', 'breakage'])('%s names no project', async (name) => {
      await expect(server.test.database.rpc('project_register', { p_name: name })).rejects.toMatchObject({
        code: expect.stringMatching(/E_CONFLICT|E_INVALID/),
      })
      const put = await server.send('PUT', `/v1/projects/${name}`, { key: server.owner, body: {} })
      const post = await server.send('POST', '/v1/projects', { key: server.owner, body: { name } })
      for (const reply of [put, post]) expect([400, 409], reply.text).toContain(reply.status)
      expect(await server.send('GET', `/v1/projects/${name}`, { key: server.owner })).toMatchObject({ status: 404 })
    })

    test.each(['pool', 'user'])('no root account of kind %s is named like a project', async (kind) => {
      const { rpc } = server.test.database
      await rpc('project_register', { p_name: 'named_first' })
      await expect(
        rpc('ledger_account_open', { p_key: uuidv7(), p_account: 'named_first', p_kind: kind }),
      ).rejects.toMatchObject({ code: 'E_CONFLICT', details: { reason: 'name_taken' } })
    })

    test('of two at the same moment one gets the name', async () => {
      const { rpc } = server.test.database
      for (let round = 0; round < 10; round++) {
        const name = `contested_${round}`
        const ends = await Promise.allSettled([
          rpc('project_register', { p_name: name }),
          rpc('ledger_account_open', { p_key: uuidv7(), p_account: name, p_kind: 'pool' }),
        ])
        expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      }
    })

    test('an account of kind project waits for its project', async () => {
      const { rpc } = server.test.database
      await rpc('ledger_account_open', { p_key: uuidv7(), p_account: 'waiting', p_kind: 'project' })
      await rpc('ledger_grant', { p_key: uuidv7(), p_account: 'waiting', p_amount: 10 })
      await rpc('project_register', { p_name: 'waiting' })
      const key = await server.makeKey('waiting')
      const charge = { key, body: { account: 'waiting', amount: 1 } }
      expect(await server.send('POST', '/v1/projects/current/charges', charge)).toMatchObject({ status: 201 })
    })
  })

  describe('claims in the database', () => {
    const spelled = outside.filter((name) => name !== '__proto__') // no code of an account
    const caps = [...scopeNames]
    const member = (project: string): Claims => ({ role: 'core_member', project, caps, sub: 'key:x' })

    test.each(spelled)('claims for %s reach nothing', async (name) => {
      const before = await balances()
      const { database } = server.test
      const asMember = { claims: member(name) }
      const key = () => ({ p_key: uuidv7() })
      const calls = [
        () => database.rpc('ledger_charge', { ...key(), p_account: name, p_amount: 1 }, asMember),
        () => database.rpc('ledger_reserve', { ...key(), p_account: name, p_amount: 1 }, asMember),
        () => database.rpc('ledger_transfer', { ...key(), p_from: name, p_to: name, p_amount: 1 }, asMember),
        () => database.rpc('ledger_account_open', { ...key(), p_account: `${name}/x`, p_kind: 'user' }, asMember),
        () =>
          database.rpc(
            'ledger_lease_open',
            { ...key(), p_account: name, p_amount: 1, p_ttl_s: 60, p_device: 'd' },
            asMember,
          ),
        () => database.rpc('ledger_balance', { p_account: name }, asMember),
        () => database.rpc('ledger_accounts', {}, asMember),
        () => database.rpc('flag_list', {}, asMember),
        () => database.rpc('flag_set', { p_name: 'a', p_value: 1, p_project: name }, asMember),
        () => database.rpc('event_poll', { p_after: 0 }, asMember),
        () => database.rpc('audit_log', { p_project: name }, asMember),
        () => database.rpc('member_list', { p_project: name }, asMember),
        () => database.rpc('key_list', { p_project: name }, asMember),
        () => database.rpc('project_list', {}, asMember),
      ]
      for (const send of calls) await expect(send(), String(send)).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
      const ops = ['reserve', 'charge'].map((op) => ({ op, key: uuidv7(), account: name, amount: 1 }))
      for (const p_ops of [ops, ops.slice(1)]) {
        const ends = await database.rpc('ledger_batch', { p_ops }, asMember).then(JSON.stringify, String)
        expect(ends).toMatch(/there is no|forbidden_project|not_found/)
        expect(ends).not.toMatch(/"tx"/)
      }
      expect(await balances()).toEqual(before)
    })

    test('a hold of a root account is not to be settled with claims of its name', async () => {
      const { database } = server.test
      const hold = uuidv7()
      await database.rpc('ledger_reserve', { p_key: uuidv7(), p_account: 'pool', p_amount: 5, p_hold: hold })
      const settle = { p_key: uuidv7(), p_hold: hold, p_amount: 5 }
      await expect(database.rpc('ledger_settle', settle, { claims: member('pool') })).rejects.toMatchObject({
        code: 'E_NOT_FOUND',
      })
      const void_ = { p_key: uuidv7(), p_hold: hold }
      await expect(database.rpc('ledger_void', void_, { claims: member('pool') })).rejects.toMatchObject({
        code: 'E_NOT_FOUND',
      })
    })
  })

  describe('a clash that is there already', () => {
    test('its key reaches neither the root account nor anything else, over any interface', async () => {
      await server.test.sql("insert into core.project (name) values ('pool')")
      const key = await server.makeKey('pool', ['ledger:spend', 'ledger:read', 'project:read'])
      const before = await balances()
      const body = { account: 'pool', amount: 1 }
      for (const project of ['current', 'pool'])
        expect(await server.send('POST', `/v1/projects/${project}/charges`, { key, body })).toMatchObject({
          status: 404,
        })
      const rest = await server.send('POST', '/rest/v1/rpc/ledger_charge', {
        key,
        headers: { 'content-profile': 'core_api' },
        body: { p_key: uuidv7(), p_account: 'pool', p_amount: 1 },
      })
      expect(rest.status).toBe(404)
      expect(await balances()).toEqual(before)
    })
  })

  test('a batch at the name of a root account is 404 for all but the owner', async () => {
    const ops = [1, 2].map((n) => ({ op: 'charge', key: `batch-${n}-${uuidv7()}`, account: 'pool', amount: 1 }))
    for (const credential of credentials.filter((name) => name !== 'viewer everywhere')) {
      const reply = await server.send('POST', '/v1/projects/pool/batches', {
        key: keys.get(credential),
        body: { ops },
      })
      expect(reply.status, credential).toBe(404)
    }
    const reply = await server.send('POST', '/v1/projects/pool/batches', { key: server.owner, body: { ops } })
    expect(reply.status, reply.text).toBe(200)
  })

  test('nothing of all this has moved a credit', async () => {
    expect(await server.audit()).toMatchObject({ ok: true, violations: [] })
  })
}
