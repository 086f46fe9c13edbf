import { type RouteContract, routes, scopeNames } from '@core/api'
import { untilFinal } from '@core/database/testing'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { entriesOf, readAuditLog } from './audit-entries.ts'
import { type Mutation, type MutationRequest, mutations } from './mutations.ts'
import { openTestServer, type Send, type TestServer } from './test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const read = (query: string) => readAuditLog(server, query)

const send = ({ method, path, body }: MutationRequest, options: Send = {}) =>
  server.send(method, path, { key: server.owner, body, ...options })

const mutating: readonly RouteContract[] = (routes as readonly RouteContract[]).filter(
  ({ method, isReadOnly }) => method !== 'GET' && !isReadOnly,
)

test('for every route that changes something there is a request that does', () => {
  expect(Object.keys(mutations).sort()).toEqual(mutating.map(({ operation }) => operation).sort())
})

describe.each(mutating.map((contract) => [contract.operation as Mutation, contract] as const))(
  '%s',
  (operation, contract) => {
    let request: MutationRequest
    beforeAll(async () => {
      request = await mutations[operation](server)
    })

    test('leaves nothing where it is refused', async () => {
      const others = scopeNames.filter((scope) => scope !== contract.auth)
      const weak = await server.makeKey('smart_layer', others)
      const { value, entries: left } = await entriesOf(server, async () => [
        (await send(request, { key: weak })).status,
        (await send(request, { key: server.keys.manus_origin })).status,
        (await send(request, { key: 'ck_live_junk' })).status,
        (await send({ ...request, body: { nonsense: 1 } })).status,
        (await send({ ...request, body: '{' })).status,
      ])
      const isOwn = request.path.includes('/projects/smart_layer') || !request.path.includes('/projects/')
      expect(value).toEqual([isOwn ? 403 : 404, request.path.includes('/projects/') ? 404 : 403, 401, 400, 400])
      expect(left).toEqual([])
    })

    const written = contract.isTraffic ? 'no entry, being traffic,' : 'one entry with its actor and request,'
    test(`leaves ${written} and a repetition none`, async () => {
      const idempotencyKey = contract.idempotencyKey === 'none' ? null : uuidv7()
      // Else the first seal leaves to the second what tests beside this one keep from being final.
      if (operation === 'sealLedger') await untilFinal(server.test)
      const first = await entriesOf(server, () => send(request, { idempotencyKey }))
      expect(first.value.status).toBeLessThan(300)
      const entry = expect.objectContaining({ actor: 'owner', requestId: first.value.headers['x-request-id'] })
      expect(first.entries).toEqual(
        contract.isTraffic ? [] : Array.from({ length: entries[operation] ?? 1 }, () => entry),
      )
      const again = await entriesOf(server, () => send(request, { idempotencyKey }))
      expect(again.value.status).toBe(repeated[operation] ?? first.value.status)
      expect(again.entries).toEqual(changesAgain.has(operation) ? [expect.objectContaining({ actor: 'owner' })] : [])
    })
  },
)

/**
 * What leaves more entries than one: an account and its budget, a refund and what it refunds. A move leaves one for each
 * file, and here its store is missing.
 */
const entries: Readonly<Record<string, number>> = { ensureUser: 2, refundHold: 2, moveFiles: 0 }

/** What is sealed cannot be compared, and saying that a value is the same would let a caller guess it. */
const changesAgain: ReadonlySet<string> = new Set(['putSecret', 'putSharedSecret'])

/** Repetitions with another status: what is gone cannot be removed or given back again, and what is there is not created. */
const repeated: Readonly<Record<string, number>> = {
  removeFile: 404,
  removeSecret: 404,
  removeSharedSecret: 404,
  removeInsight: 404,
  removeMember: 404,
  removeShare: 404,
  removeWebhook: 404,
  nackMessage: 409,
  putWebhook: 200,
}

describe('an entry', () => {
  const shade = '/v1/projects/smart_layer/flags/shade'
  const last = async (query: string) => (await read(`limit=1&${query}`)).data[0]

  test('says what was before and after, in the words of the API', async () => {
    await send({ method: 'PUT', path: shade, body: { value: { a_b: 1 }, rolloutBasisPoints: 2500 } })
    const set = { name: 'shade', value: { a_b: 1 }, rolloutBasisPoints: 2500, cleared: false }
    expect(await last('action=flag')).toMatchObject({
      action: 'flag.set',
      resource: 'flag:shade',
      before: null,
      after: set,
    })
    await send({ method: 'DELETE', path: shade })
    expect(await last('action=flag')).toMatchObject({ action: 'flag.clear', before: set, after: { cleared: true } })

    const path = '/v1/projects/smart_layer'
    await send({ method: 'PUT', path, body: { version: 'one', metadata: { a_b: 1 } } })
    await send({ method: 'PUT', path, body: { version: 'two' } })
    expect(await last('resource=project:smart_layer')).toMatchObject({
      action: 'project.update',
      before: { version: 'one', metadata: { a_b: 1 } },
      after: { version: 'two', metadata: { a_b: 1 } },
    })
    await send({ method: 'PUT', path: '/v1/projects/fourth', body: {} })
    expect(await last('action=project')).toMatchObject({ action: 'project.register', project: 'fourth', before: null })

    const account = `smart_layer/${uuidv7()}`
    await send({ method: 'POST', path: `${path}/accounts`, body: { account } })
    await send({ method: 'PATCH', path: `${path}/accounts/${encodeURIComponent(account)}`, body: { status: 'frozen' } })
    expect(await last(`resource=account:${encodeURIComponent(account)}`)).toMatchObject({
      action: 'account.update',
      before: { status: 'active' },
      after: { status: 'frozen' },
    })
    const budget = `${path}/accounts/${encodeURIComponent(account)}/budgets/daily`
    const terms = { period: 'day', alertBasisPoints: [9000] }
    for (const limit of [10, 20]) await send({ method: 'PUT', path: budget, body: { ...terms, limit } })
    await send({ method: 'DELETE', path: budget })
    const { data } = await read(`resource=budget:${encodeURIComponent(account)}:daily`)
    expect(data.map(({ action, before, after }) => [action, before?.['limit'], after?.['limit']])).toEqual([
      ['budget.remove', 20, undefined],
      ['budget.set', 10, 20],
      ['budget.set', undefined, 10],
    ])
    expect(data[1]?.after).toMatchObject({ alertBasisPoints: [9000], timeZone: 'UTC' })
  })

  test('of a key names it and holds neither the key nor its hash', async () => {
    const path = '/v1/projects/smart_layer/api-keys'
    const made = await send({ method: 'POST', path, body: { name: 'secretive', scopes: ['ledger:read'] } })
    const rolled = await send({ method: 'POST', path: `${path}/${made.body['id']}/reroll` })
    await send({ method: 'DELETE', path: `${path}/${made.body['id']}` })
    const { data } = await read(`resource=key:${made.body['id']}`)
    expect(data).toMatchObject([
      { action: 'key.revoke', before: { disabledAt: null }, after: { status: 'disabled' } },
      { action: 'key.reroll', before: { replacedBy: null }, after: { replacedBy: rolled.body['id'] } },
      { action: 'key.create', before: null, after: { name: 'secretive', scopes: ['ledger:read'] } },
    ])
    expect(data[1]?.after?.['replacement']).toMatchObject({ id: rolled.body['id'], scopes: ['ledger:read'] })
    const everything = JSON.stringify(await server.test.sql('select * from core.audit'))
    const hashes = await server.test.sql(`select encode(hash, 'hex') as hash from core.api_key`)
    for (const secret of [made.body['secret'], rolled.body['secret'], ...hashes.map(({ hash }) => hash)])
      expect(everything).not.toContain(String(secret))
    await expect(
      server.test.sql(`select core.audit('key.create', 'key:x', null, null, '{"hash": "x"}')`),
    ).rejects.toThrow('audit_keeps_no_secret')
  })

  test('is never changed, by any role', async () => {
    for (const change of ['update core.audit set actor = $$x$$', 'delete from core.audit', 'truncate core.audit'])
      await expect(server.test.sql(change)).rejects.toThrow('append-only')
    const grants = `select grantee from information_schema.role_table_grants
      where table_schema = 'core' and table_name = 'audit' and grantee <> 'postgres'`
    expect(await server.test.sql(grants)).toEqual([])
  })

  test('is part of the transaction of its change: what is rolled back has none', async () => {
    const client = await server.test.connect()
    const { entries } = await entriesOf(server, async () => {
      await client.query('begin')
      await client.query(`select core_api.flag_set('undone', 'true')`)
      await client.query('rollback')
    })
    expect(entries).toEqual([])
  })

  test('of an act past the API names the role of the database, and no request', async () => {
    await server.test.database.rpc('flag_set', { p_name: 'by.hand', p_value: true })
    expect(await last('resource=flag:by.hand')).toMatchObject({ actor: 'postgres', requestId: null, project: null })
  })

  test('of an act through /rest/v1/rpc names the credential and the request', async () => {
    const call = {
      body: { p_name: 'by.rest', p_value: true },
      headers: { 'content-profile': 'core_api' },
      key: server.owner,
    }
    const reply = await server.send('POST', '/rest/v1/rpc/flag_set', call)
    expect(reply.status).toBe(200)
    expect(await last('resource=flag:by.rest')).toMatchObject({
      actor: 'owner',
      requestId: reply.headers['x-request-id'],
    })
  })
})
