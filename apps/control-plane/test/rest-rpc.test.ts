import { once } from 'node:events'
import { generateApiKey, type Scope } from '@core/api'
import { coreSignatures, openDatabase } from '@core/database'
import { silentLogger, uuidv7 } from '@core/foundation'
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestServer, type TestServer, unlimited } from './test-server.ts'
import { startTokenIssuer } from './token-issuer.ts'

let server: TestServer
let url: string
beforeAll(async () => {
  server = await openTestServer()
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  expect(await server.audit()).toMatchObject({ ok: true })
  await server[Symbol.asyncDispose]()
})

/** As a sibling writes it. */
function sibling(key: string, schema = 'core_api') {
  const auth = { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false }
  return createClient(url, key, { auth }).schema(schema)
}

describe('supabase-js', () => {
  test('the key of a project reserves, settles and reads, with plain answers', async () => {
    const client = sibling(server.keys.smart_layer)
    const key = uuidv7()
    const reserved = await client.rpc('ledger_reserve', { p_key: key, p_account: 'smart_layer', p_amount: 2_500_000 })
    expect(reserved).toMatchObject({ error: null, status: 200, data: { ok: true, hold: expect.any(String) } })
    expect((await client.rpc('ledger_balance', { p_account: 'smart_layer' })).data).toMatchObject({ held: 2_500_000 })
    const hold: string = reserved.data.hold
    const settled = await client.rpc('ledger_settle', { p_key: uuidv7(), p_hold: hold, p_amount: 1_000_000 })
    expect(settled).toMatchObject({ error: null, data: { ok: true } })
    // The same key again is the same reservation.
    const again = await client.rpc('ledger_reserve', { p_key: key, p_account: 'smart_layer', p_amount: 2_500_000 })
    expect(again.data).toMatchObject({ ok: true, hold, replayed: true })
    const balance = await client.rpc('ledger_balance', { p_account: 'smart_layer' })
    expect(balance.data).toMatchObject({ ok: true, held: 0 })
  })

  test('a denial is a value, not an error', async () => {
    const args = { p_key: uuidv7(), p_account: 'smart_layer', p_amount: 9_000_000_000 }
    const { data, error, status } = await sibling(server.keys.smart_layer).rpc('ledger_reserve', args)
    expect({ data, error, status }).toMatchObject({
      status: 200,
      error: null,
      data: { ok: false, code: 'insufficient_credits' },
    })
  })

  test('the owner acts for every project, as service_role does', async () => {
    const owner = sibling(server.owner)
    expect((await owner.rpc('ledger_stats')).data).toMatchObject({ ok: true })
    for (const project of ['smart_layer', 'manus_origin'])
      expect((await owner.rpc('ledger_balance', { p_account: project })).data).toMatchObject({ ok: true })
  })

  test('another project is refused as the database refuses it', async () => {
    const client = sibling(server.keys.smart_layer)
    const { error, status } = await client.rpc('key_list', { p_project: 'manus_origin' })
    expect(status).toBe(403)
    expect(error).toMatchObject({ code: 'PT403', hint: expect.stringContaining('credential of that project') })
    expect(JSON.parse(String(error?.details))).toMatchObject({ code: 'forbidden_project' })
  })

  test('another project’s account is no different from a missing one', async () => {
    const client = sibling(server.keys.smart_layer)
    const foreign = await client.rpc('ledger_balance', { p_account: 'manus_origin' })
    const missing = await client.rpc('ledger_balance', { p_account: 'nobody_here' })
    const masked = JSON.stringify(foreign).replaceAll('manus_origin', 'nobody_here')
    expect(JSON.parse(masked)).toEqual(JSON.parse(JSON.stringify(missing)))
  })

  test('a scope that the key lacks is PT403', async () => {
    const client = sibling(await server.makeKey('smart_layer', ['ledger:read']))
    const args = { p_key: uuidv7(), p_account: 'smart_layer', p_amount: 1 }
    const { error, status } = await client.rpc('ledger_charge', args)
    expect(status).toBe(403)
    expect(JSON.parse(String(error?.details))).toEqual({
      code: 'forbidden_capability',
      scope: 'ledger:spend',
      capability: 'ledger:spend',
    })
  })

  test('a key used for something else is PT422', async () => {
    const client = sibling(server.keys.smart_layer)
    const key = uuidv7()
    const charge = (amount: number) =>
      client.rpc('ledger_charge', { p_key: key, p_account: 'smart_layer', p_amount: amount })
    expect((await charge(1)).data).toMatchObject({ ok: true })
    expect(await charge(2)).toMatchObject({ status: 422, data: null, error: { code: 'PT422' } })
  })

  test('what is misused is PT400 with the reason and the fix', async () => {
    const args = { p_key: '', p_account: 'smart_layer', p_amount: 1 }
    const { error, status } = await sibling(server.keys.smart_layer).rpc('ledger_charge', args)
    expect(status).toBe(400)
    expect(error).toMatchObject({ code: 'PT400', hint: expect.stringContaining('Send one key per intended effect') })
    expect(JSON.parse(String(error?.details))).toEqual({ code: 'invalid_key', field: 'key' })
  })

  test('a value of the wrong type is refused by Postgres itself', async () => {
    const args = { p_key: uuidv7(), p_account: 'smart_layer', p_amount: 'many' }
    const { error, status } = await sibling(server.keys.smart_layer).rpc('ledger_charge', args)
    expect({ status, error }).toMatchObject({ status: 400, error: { code: '22P02', details: null, hint: null } })
    expect(error?.message).toBe('invalid input syntax for type bigint: "many"')
  })

  test.each([
    ['no_such_function', {}],
    ['x"(); drop table core.ledger_account; --', {}],
    ['ledger_balance', { p_account: 'smart_layer', p_nothing: 1 }],
    ['ledger_balance', {}],
  ])('%s with %j is not found', async (name, args) => {
    for (const key of [server.keys.smart_layer, server.owner]) {
      const { error, status } = await sibling(key).rpc(name, args)
      expect({ status, error }).toMatchObject({ status: 404, error: { code: 'PGRST202', details: null } })
      expect(error?.message).toContain(`Could not find the function core_api.${name}`)
      if (name === 'ledger_balance')
        expect(error?.hint).toContain('call the function core_api.ledger_balance(p_account')
    }
  })

  test('another schema is PGRST106, also none at all', async () => {
    const { error, status } = await sibling(server.keys.smart_layer, 'public').rpc('ledger_balance', {})
    expect({ status, error }).toMatchObject({
      status: 406,
      error: { code: 'PGRST106', message: 'Invalid schema: public', hint: expect.stringContaining('core_api') },
    })
    const reply = await server.send('POST', '/rest/v1/rpc/project_list', { key: server.owner, body: {} })
    expect(reply).toMatchObject({ status: 406, body: { code: 'PGRST106' } })
  })

  test('tables are not served, and other methods are not either', async () => {
    const client = sibling(server.keys.smart_layer)
    expect(await client.from('ledger_account').select()).toMatchObject({ status: 404, error: { code: 'PGRST125' } })
    expect(await client.rpc('project_list', {}, { get: true })).toMatchObject({
      status: 405,
      error: { code: 'PGRST117' },
    })
  })
})

describe('the grants', () => {
  const internal = coreSignatures.filter(({ isForMembers }) => !isForMembers).map(({ name }) => name)

  test('some functions are for service_role alone', () => {
    expect(internal).toEqual(expect.arrayContaining(['key_verify', 'ledger_stats', 'limit_lease', 'event_trim']))
  })

  test.each(internal)('%s is closed to the key of a project, whatever its scopes', async (name) => {
    const caps: Scope[] = ['ledger:operate', 'ledger:grant', 'key:write', 'project:write', 'event:read']
    const { error, status } = await sibling(await server.makeKey('smart_layer', caps)).rpc(name, {})
    expect({ status, error }).toMatchObject({
      status: 403,
      error: { code: '42501', message: `permission denied for function ${name}` },
    })
  })

  test('a function that this version does not know is closed to projects and open to the owner', async () => {
    await server.test.sql(`
      create function core_api.later() returns jsonb language sql as 'select ''{"ok": true}''::jsonb';
      create function core_api.later_fails(p_state text) returns void language plpgsql as $$
        begin raise exception using errcode = p_state, message = 'the secret of ' || p_state, detail = 'd', hint = 'h'; end
      $$`)
    expect(await sibling(server.keys.smart_layer).rpc('later')).toMatchObject({
      status: 404,
      error: { code: 'PGRST202' },
    })
    expect(await sibling(server.owner).rpc('later')).toMatchObject({ status: 200, data: { ok: true } })
  })

  test.each([
    ['PT418', 418],
    ['PT402', 402],
    ['P0001', 400],
    ['22023', 400],
  ])('SQLSTATE %s is %i in full', async (state, status) => {
    expect(await sibling(server.owner).rpc('later_fails', { p_state: state })).toMatchObject({
      status,
      error: { code: state, message: `the secret of ${state}`, details: 'd', hint: 'h' },
    })
  })

  test.each([
    ['23505', 409],
    ['23514', 400],
    ['42501', 403],
    ['XX000', 500],
    ['53100', 503],
    ['58030', 500],
  ])('SQLSTATE %s is %i and keeps to itself what failed', async (state, status) => {
    const { error, ...reply } = await sibling(server.owner).rpc('later_fails', { p_state: state })
    expect({ status: reply.status, error }).toMatchObject({ status, error: { code: state, details: null, hint: null } })
    expect(error?.message).not.toContain('secret')
  })
})

describe('credentials', () => {
  const call = (headers: Record<string, string>) =>
    server.send('POST', '/rest/v1/rpc/project_list', {
      body: {},
      idempotencyKey: null,
      headers: { 'content-profile': 'core_api', ...headers },
    })

  test('apikey alone is enough, and so is Authorization', async () => {
    expect(await call({ apikey: server.owner })).toMatchObject({ status: 200 })
    expect(await call({ authorization: `Bearer ${server.owner}` })).toMatchObject({ status: 200 })
  })

  test('Authorization decides where the two differ', async () => {
    expect(await call({ apikey: server.owner, authorization: 'Bearer junk' })).toMatchObject({ status: 401 })
  })

  test.each<Record<string, string>>([{}, { apikey: 'junk' }, { authorization: 'Basic eDp5' }])(
    '%j is 401 in PostgREST’s words',
    async (headers) => {
      const reply = await call(headers)
      expect(reply).toMatchObject({ status: 401, body: { code: 'PGRST301', details: null } })
      expect(reply.headers).toMatchObject({
        'www-authenticate': 'Bearer',
        'content-type': 'application/json; charset=utf-8',
        'x-content-type-options': 'nosniff',
      })
      expect(Object.keys(reply.body).sort()).toEqual(['code', 'details', 'hint', 'message'])
    },
  )

  test('a key without a project and with some scopes only is not the owner', async () => {
    const { secret, hash, hint } = generateApiKey('test')
    await server.test.database.rpc('key_create', {
      p_key: uuidv7(),
      p_hash: hash,
      p_hint: hint,
      p_caps: ['ledger:read'],
    })
    expect(
      await sibling(secret).rpc('ledger_grant', { p_key: uuidv7(), p_account: 'pool', p_amount: 1 }),
    ).toMatchObject({ status: 403, error: { code: '42501' } })
  })
})

describe('the same limits as elsewhere', () => {
  const headers = () => ({ apikey: server.owner, 'content-profile': 'core_api' })
  const post = (body: string, more: Record<string, string> = {}) =>
    server.send('POST', '/rest/v1/rpc/project_list', { body, idempotencyKey: null, headers: { ...headers(), ...more } })

  test('media type, compression, size and syntax', async () => {
    expect(await post('{}', { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
      body: { code: 'PGRST107' },
    })
    expect(await post('{}', { 'content-encoding': 'gzip' })).toMatchObject({ status: 415 })
    expect(await post(`{"a":"${'x'.repeat(300_000)}"}`)).toMatchObject({ status: 413, body: { code: 'PT413' } })
    for (const body of ['{', '[1]', '"text"', '{"__proto__": 1}'])
      expect(await post(body)).toMatchObject({ status: 400, body: { code: 'PGRST102' } })
    expect(await post('')).toMatchObject({ status: 200 })
  })

  test('what Postgres cannot keep is refused at its place', async () => {
    for (const [value, place] of [
      ['{"__proto__":1}', 'body.p_metadata.__proto__'],
      ['{"a":"\\u0000"}', 'body.p_metadata.a'],
      ['{"id":12345678901234567890}', 'body.p_metadata.id'],
      ['{"id":[4503599627370497.5]}', 'body.p_metadata.id.0'],
    ]) {
      const reply = await post(`{"p_metadata":${value}}`)
      expect([reply.status, String(reply.body['message'])]).toEqual([400, expect.stringContaining(`${place} `)])
    }
  })

  test('requests per credential', async () => {
    const credential = { requests: 1, windowSeconds: 60 }
    await using strict = await openTestServer(silentLogger, { ...unlimited, credential })
    const options = { body: {}, idempotencyKey: null, headers: { ...headers(), apikey: strict.keys.smart_layer } }
    await strict.send('POST', '/rest/v1/rpc/nothing', options)
    const refused = await strict.send('POST', '/rest/v1/rpc/nothing', options)
    expect(refused).toMatchObject({ status: 429, body: { code: 'PT429' } })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  })
})

describe.each(['http', 'supabase'] as const)('@core/database with the driver %s', (driver) => {
  test('a sibling’s whole way works against the control plane', async () => {
    await using database = await openDatabase({ driver, url, key: server.keys.manus_origin })
    expect(await database.health()).toMatchObject({ status: 'up' })
    const args = { p_key: uuidv7(), p_account: 'manus_origin', p_amount: 5 }
    expect(await database.rpc('ledger_charge', args)).toMatchObject({ ok: true })
    expect(await database.rpc('ledger_charge', args)).toMatchObject({ ok: true, replayed: true })
    await expect(database.rpc('ledger_charge', { ...args, p_amount: 6 })).rejects.toMatchObject({
      code: 'E_IDEMPOTENCY_MISMATCH',
    })
    await expect(database.rpc('project_register', { p_name: 'mine' })).rejects.toMatchObject({
      code: 'E_FORBIDDEN',
      details: { reason: expect.stringContaining('forbidden') },
    })
    await expect(database.call('nothing', {})).rejects.toMatchObject({ code: 'E_DATABASE_SCHEMA' })
  })

  test('a bad key is E_UNAUTHENTICATED, and a control plane that is gone is E_DATABASE_UNAVAILABLE', async () => {
    await using bad = await openDatabase({ driver, url, key: 'junk' })
    await expect(bad.rpc('project_list', {})).rejects.toMatchObject({ code: 'E_UNAUTHENTICATED' })
    const gone = await openTestServer()
    const goneUrl = await gone.app.listen({ host: '127.0.0.1', port: 0 })
    await using database = await openDatabase({ driver, url: goneUrl, key: gone.owner })
    expect(await database.rpc('project_list', {})).toMatchObject({ ok: true })
    const closed = once(gone.app.server, 'close')
    await gone[Symbol.asyncDispose]()
    await closed.catch(() => undefined)
    await expect(database.rpc('project_list', {}, { timeoutMs: 1500 })).rejects.toMatchObject({ retryable: true })
  })
})

test('a person acts as core_member of the only project, and not at all where it could be another', async () => {
  await using issuer = await startTokenIssuer()
  await using people = await openTestServer(silentLogger, unlimited, { jwt: issuer.settings })
  const { database } = people.test
  const set = (p_project: string, p_subject: string, p_role: string) =>
    database.rpc('member_set', { p_project, p_subject, p_role })
  await set('smart_layer', 'user:one', 'viewer')
  await set('smart_layer', 'user:both', 'owner')
  await set('manus_origin', 'user:both', 'owner')
  const call = async (sub: string, name: string, body: object = {}) =>
    people.send('POST', `/rest/v1/rpc/${name}`, {
      key: await issuer.sign(sub),
      body,
      headers: { 'content-profile': 'core_api' },
    })
  expect(await call('one', 'ledger_balance', { p_account: 'smart_layer' })).toMatchObject({ status: 200 })
  expect((await call('one', 'ledger_charge', { p_key: 'k', p_account: 'smart_layer', p_amount: 1 })).status).toBe(403)
  expect((await call('one', 'member_roles', { p_subject: 'user:both' })).status).toBe(403)
  for (const sub of ['both', 'no_member'])
    expect(await call(sub, 'ledger_balance', { p_account: 'smart_layer' })).toMatchObject({
      status: 403,
      body: { code: '42501' },
    })
})
