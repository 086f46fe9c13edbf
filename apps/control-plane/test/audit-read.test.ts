import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AuditEntry, newestEntry, readAuditLog } from './audit-entries.ts'
import { mutations } from './mutations.ts'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
  for (const mutation of Object.values(mutations)) {
    const { method, path, body } = await mutation(server)
    await server.send(method, path, { key: server.owner, body })
  }
})
afterAll(() => server[Symbol.asyncDispose]())

const read = (query: string, path?: string, key?: string) => readAuditLog(server, query, path, key)

describe('reading', () => {
  test('a key with audit:read sees its own project and nothing else', async () => {
    const key = await server.makeKey('smart_layer', ['audit:read'])
    const { data } = await read('limit=1000', '/v1/projects/current/audit-log', key)
    expect(data.length).toBeGreaterThan(10)
    expect(new Set(data.map(({ project }) => project))).toEqual(new Set(['smart_layer']))
    expect(await server.send('GET', '/v1/projects/manus_origin/audit-log', { key })).toMatchObject({ status: 404 })
    expect(await server.send('GET', '/v1/audit-log', { key })).toMatchObject({ status: 404 })
    const plain = await server.send('GET', '/v1/projects/current/audit-log', { key: server.keys.smart_layer })
    expect(plain).toMatchObject({ status: 403, body: { scope: 'audit:read' } })
  })

  test('pages show every entry once, newest first, both sources in one order', async () => {
    const whole = (await read('limit=1000')).data
    const paged = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { data, page } = await read(`limit=7${cursor && `&cursor=${cursor}`}`)
      paged.push(...data)
      cursor = page.next
    }
    // Reading writes nothing, so the list is the same.
    expect(paged).toEqual(whole)
    const ids = whole.map(({ id }) => id)
    expect(ids).toEqual([...new Set(ids)].sort((one, other) => other - one))
    expect(new Set(whole.map(({ source }) => source))).toEqual(new Set(['admin', 'ledger']))
  })

  test('filters: actor, action, noun, resource, source, from, to', async () => {
    const whole = (await read('limit=1000')).data
    const middle = whole[Math.floor(whole.length / 2)]
    const at = middle?.at ?? ''
    const cases: [string, (entry: AuditEntry) => boolean][] = [
      ['actor=owner', ({ actor }) => actor === 'owner'],
      ['action=key', ({ action }) => action.startsWith('key.')],
      ['action=key.create', ({ action }) => action === 'key.create'],
      ['action=ledger.charge', ({ action }) => action === 'ledger.charge'],
      ['resource=account:smart_layer', ({ resource }) => resource === 'account:smart_layer'],
      ['source=admin', ({ source }) => source === 'admin'],
      ['source=ledger', ({ source }) => source === 'ledger'],
      [`from=${encodeURIComponent(at)}`, (entry) => entry.at >= at],
      [`to=${encodeURIComponent(at)}`, (entry) => entry.at < at],
      ['actor=stranger', () => false],
    ]
    for (const [query, matches] of cases) {
      const { data } = await read(`limit=1000&${query}`)
      expect(data, query).toEqual(whole.filter(matches))
      if (query !== 'actor=stranger') expect(data.length, query).toBeGreaterThan(0)
    }
  })

  test.each(['source=all', 'from=yesterday', 'action=Key', 'cursor=0', 'limit=0', 'who=owner'])(
    'the query %s is refused',
    async (query) => {
      expect(await server.send('GET', `/v1/audit-log?${query}`, { key: server.owner })).toMatchObject({ status: 400 })
    },
  )

  test('a rare entry behind a long journal is found in several short pages', { timeout: 180_000 }, async () => {
    const begun = await newestEntry(server)
    const charge = (index: number) => ({ op: 'charge', key: `${begun}:${index}`, account: 'smart_layer', amount: 1 })
    for (let batch = 0; batch < 41; batch++) {
      const ops = Array.from({ length: 1000 }, (_, index) => charge(batch * 1000 + index))
      await server.test.database.rpc('ledger_batch', { p_ops: ops })
    }
    const query = 'limit=1000&action=ledger.grant'
    const pages = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { data, page } = await read(`${query}${cursor && `&cursor=${cursor}`}`)
      pages.push(data)
      cursor = page.next
    }
    expect(pages.map(({ length }) => length > 0)).toEqual([false, false, true])
    // With an end in time the search begins there at once.
    const end = new Date(Date.now() - 120_000).toISOString()
    expect((await read(`${query}&from=2020-01-01T00:00:00Z&to=${end}`)).page.next).toBeNull()
  })
})

describe('the claims that name the owner', () => {
  const asRole = async (role: string, claims: object, statement: string) => {
    const client = await server.test.connect()
    await client.query('begin')
    await client.query(`set local role ${role}`)
    await client.query(`select set_config('request.jwt.claims', $1, true)`, [JSON.stringify(claims)])
    return client.query(statement).finally(() => client.query('rollback'))
  }
  const named = { sub: 'owner', rid: 'req_forged' }

  test.each([named, { ...named, role: 'owner' }, { ...named, role: 'service_role', project: 'smart_layer' }, {}])(
    'raise no caller: with %j a member is still a member',
    async (claims) => {
      for (const call of ['audit_log()', 'project_list()', `ledger_grant('k', 'pool', 1)`])
        await expect(asRole('core_member', claims, `select core_api.${call}`)).rejects.toThrow(
          /belongs to project|lacks/,
        )
      for (const role of ['anon', 'authenticated'])
        await expect(asRole(role, claims, 'select core_api.audit_log()')).rejects.toThrow('permission denied')
    },
  )

  test('let service_role act as before', async () => {
    const { rows } = await asRole('service_role', named, 'select core_api.audit_log(p_limit => 1) as log')
    expect(rows[0].log).toMatchObject({ ok: true })
  })
})
