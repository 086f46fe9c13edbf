import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts'

/** Keys that are changed, asked about, and made for the whole system. */

let issuer: TokenIssuer
let server: TestServer
const keys = '/v1/projects/smart_layer/api-keys'
beforeAll(async () => {
  issuer = await startTokenIssuer()
  server = await openTestServer(undefined, undefined, { jwt: issuer.settings })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await issuer?.[Symbol.asyncDispose]()
})

const make = async (body: object = {}, path = keys) =>
  (await server.send('POST', path, { key: server.owner, body: { name: 'made', ...body } })).body
const patch = (id: unknown, body: object, key = server.owner) => server.send('PATCH', `${keys}/${id}`, { key, body })
const me = (secret: unknown) => server.send('GET', '/v1/me', { key: String(secret) })
const soon = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()

describe('a key', () => {
  test('is switched off and on again; revoked it stays off', async () => {
    const { id, secret } = await make()
    expect(await patch(id, { enabled: false })).toMatchObject({
      status: 200,
      body: { status: 'disabled', disabledAt: expect.any(String), revokedAt: null },
    })
    expect(await me(secret)).toMatchObject({ status: 401, body: { reason: 'key_disabled' } })
    expect(await patch(id, { enabled: true })).toMatchObject({ body: { status: 'active', disabledAt: null } })
    await expect.poll(async () => (await me(secret)).status).toBe(200)
    await server.send('DELETE', `${keys}/${id}`, { key: server.owner })
    expect(await patch(id, { enabled: true })).toMatchObject({ status: 409, body: { reason: 'key_revoked' } })
    expect(await patch(id, { name: 'other' })).toMatchObject({ status: 409 })
    expect(await patch(id, { enabled: false })).toMatchObject({ status: 200, body: { revokedAt: expect.any(String) } })
  })

  test('that is disabled can still be revoked, for good', async () => {
    const { id } = await make()
    const off = await patch(id, { enabled: false })
    const gone = await server.send('DELETE', `${keys}/${id}`, { key: server.owner })
    expect(gone.body).toMatchObject({ disabledAt: off.body['disabledAt'], revokedAt: expect.any(String) })
  })

  test('is renamed and given another end; what is left out stays', async () => {
    const { id } = await make({ expiresAt: soon(1) })
    const renamed = await patch(id, { name: 'renamed' })
    expect(renamed.body).toMatchObject({ name: 'renamed', expiresAt: expect.any(String) })
    const later = soon(3)
    const longer = await patch(id, { expiresAt: later })
    expect(Date.parse(String(longer.body['expiresAt']))).toBe(Date.parse(later))
    expect((await patch(id, { expiresAt: null })).body).toMatchObject({ name: 'renamed', expiresAt: null })
    expect((await patch(id, {})).body).toMatchObject({ name: 'renamed', expiresAt: null })
    for (const body of [{ expiresAt: '2020-01-01T00:00:00Z' }, { name: '' }, { enabled: 'no' }, { scopes: [] }])
      expect(await patch(id, body)).toMatchObject({ status: 400 })
  })

  test('that was rerolled ends with its overlap', async () => {
    const { id } = await make()
    await server.send('POST', `${keys}/${id}/reroll`, { key: server.owner, body: { overlapSeconds: 60 } })
    expect(await patch(id, { expiresAt: null })).toMatchObject({ status: 409, body: { reason: 'key_replaced' } })
    expect((await patch(id, { enabled: false })).status).toBe(200)
  })

  test('is changed by no caller that may do less than it', async () => {
    const weak = await server.makeKey('smart_layer', ['key:read', 'key:write', 'ledger:read'])
    const { id } = await make({ scopes: ['ledger:spend'], expiresAt: soon(2) })
    const refusal = { status: 403, body: { reason: 'caps_exceed_own', caps: ['ledger:spend'] } }
    expect(await patch(id, { expiresAt: soon(9) }, weak)).toMatchObject(refusal)
    expect(await patch(id, { expiresAt: null }, weak)).toMatchObject(refusal)
    expect(await patch(id, { expiresAt: soon(1) }, weak)).toMatchObject(refusal)
    expect(await patch(id, { enabled: false }, weak)).toMatchObject(refusal)
    expect((await patch(id, { enabled: false }, server.owner)).status).toBe(200)
    expect(await patch(id, { enabled: true }, weak)).toMatchObject(refusal)
  })

  test('of another project does not exist', async () => {
    const { id } = await make()
    const foreign = await server.makeKey('manus_origin', ['key:read', 'key:write'])
    const at = (key: unknown) =>
      server.send('PATCH', `/v1/projects/current/api-keys/${key}`, { key: foreign, body: { enabled: false } })
    const [theirs, none] = await Promise.all([at(id), at('019ab2c4-0000-7000-8000-000000000000')])
    expect(theirs.status).toBe(404)
    expect(theirs.text.replace(/req_[0-9a-f-]{36}/, '')).toBe(none.text.replace(/req_[0-9a-f-]{36}/, ''))
  })
})

describe('verify', () => {
  const verify = (key: string, body: object) =>
    server.send('POST', '/v1/api-keys/verify', { key, body, idempotencyKey: null })

  test('says whether a key is valid and for a scope, and why not', async () => {
    const { id, secret } = await make({ scopes: ['ledger:read'] })
    const reader = await server.makeKey('smart_layer', ['key:read'])
    for (const key of [reader, server.owner]) {
      expect(await verify(key, { key: secret })).toMatchObject({
        status: 200,
        body: { valid: true, code: 'valid', key: { id, project: 'smart_layer', scopes: ['ledger:read'] } },
      })
      expect(await verify(key, { key: secret, scope: 'ledger:read' })).toMatchObject({ body: { valid: true } })
      expect(await verify(key, { key: secret, scope: 'ledger:spend' })).toMatchObject({
        body: { valid: false, code: 'insufficient_scope', key: { id } },
      })
    }
    await patch(id, { enabled: false })
    expect(await verify(reader, { key: secret })).toMatchObject({ body: { valid: false, code: 'disabled' } })
    const old = await make()
    await server.send('POST', `${keys}/${old['id']}/reroll`, { key: server.owner, body: { overlapSeconds: 0 } })
    expect(await verify(reader, { key: old['secret'] })).toMatchObject({ body: { valid: false, code: 'expired' } })
  })

  test('says nothing of a foreign key or of one of the whole system', async () => {
    const foreign = await server.makeKey('manus_origin', ['key:read'])
    const { secret } = await make()
    const whole = await make({}, '/v1/api-keys')
    const answers = await Promise.all(
      [secret, whole['secret'], 'ck_live_7Qf2ZrWmJ0dYk3uTnB8xVh1LsEoGa9cPiXt6RbQyKw5MzF40A', 'junk', server.owner].map(
        (key) => verify(foreign, { key }),
      ),
    )
    for (const { status, text } of answers) {
      expect(status).toBe(200)
      expect(text).toBe('{"valid":false,"code":"not_found","key":null}')
    }
    expect(await verify(foreign, { key: secret, project: 'smart_layer' })).toMatchObject({ status: 404 })
    expect(await verify(server.owner, { key: secret, project: 'manus_origin' })).toMatchObject({
      body: { code: 'not_found' },
    })
  })

  test('needs key:read, and of a person with several projects the one that is meant', async () => {
    const { secret } = await make()
    expect(await verify(server.keys.smart_layer, { key: secret })).toMatchObject({ status: 403 })
    for (const [project, role] of [
      ['smart_layer', 'operator'],
      ['manus_origin', 'viewer'],
    ] as const)
      await server.test.database.rpc('member_set', { p_project: project, p_subject: 'user:ada', p_role: role })
    const ada = await issuer.sign('ada')
    expect(await verify(ada, { key: secret })).toMatchObject({ status: 400 })
    expect(await verify(ada, { key: secret, project: 'current' })).toMatchObject({ status: 400 })
    expect(await verify(ada, { key: secret, project: 'smart_layer' })).toMatchObject({ body: { valid: true } })
    expect(await verify(ada, { key: secret, project: 'manus_origin' })).toMatchObject({ status: 403 })
  })

  test.each([[{}], [{ key: '' }], [{ key: 7 }], [{ key: 'x', scope: 'ledger:steal' }], [{ key: 'x'.repeat(201) }]])(
    'the body %j is refused',
    async (body) => expect(await verify(server.owner, body)).toMatchObject({ status: 400 }),
  )
})

describe('keys of the whole system', () => {
  const system = '/v1/api-keys'

  test('are made, listed, changed, rerolled and revoked by the owner', async () => {
    const reader = await make({ name: 'dashboard', scopes: ['project:read', 'ledger:read'] }, system)
    expect(reader).toMatchObject({ project: null, scopes: ['ledger:read', 'project:read'] })
    const projects = await server.send('GET', '/v1/projects', { key: String(reader['secret']) })
    expect(projects.body['data']).toHaveLength(2)
    expect((await server.send('GET', '/v1/projects/manus_origin', { key: String(reader['secret']) })).status).toBe(200)
    const list = await server.send('GET', `${system}?limit=1000`, { key: server.owner })
    expect((list.body['data'] as { id: string }[]).map(({ id }) => id)).toContain(reader['id'])
    const at = `${system}/${reader['id']}`
    expect(await server.send('PATCH', at, { key: server.owner, body: { name: 'wall' } })).toMatchObject({
      body: { name: 'wall' },
    })
    const next = await server.send('POST', `${at}/reroll`, { key: server.owner, body: { overlapSeconds: 0 } })
    expect(next).toMatchObject({ status: 201, body: { name: 'wall', replaces: reader['id'] } })
    await expect.poll(async () => (await me(reader['secret'])).status).toBe(401)
    await server.send('DELETE', `${system}/${next.body['id']}`, { key: server.owner })
    await expect.poll(async () => (await me(next.body['secret'])).status).toBe(401)
  })

  test('without scopes may do everything, and make others', async () => {
    const all = await make({}, system)
    const reply = await server.send('POST', system, { key: String(all['secret']), body: { name: 'child' } })
    expect(reply.status).toBe(201)
  })

  test('with some scopes make no key with more, neither for the system nor for a project', async () => {
    const some = await make({ scopes: ['key:read', 'key:write', 'ledger:read'] }, system)
    const key = String(some['secret'])
    for (const method of ['GET', 'POST'] as const)
      expect(
        (await server.send(method, system, { key, ...(method === 'POST' ? { body: { name: 'x' } } : {}) })).status,
      ).toBe(404)
    expect(await server.send('POST', keys, { key, body: { name: 'x', scopes: ['ledger:grant'] } })).toMatchObject({
      status: 403,
      body: { reason: 'caps_exceed_own' },
    })
  })

  test('are no project’s business', async () => {
    const key = await server.makeKey('smart_layer', ['key:read', 'key:write'])
    const { id } = await make({}, system)
    for (const [method, path] of [
      ['GET', system],
      ['DELETE', `${system}/${id}`],
      ['DELETE', `${keys}/${id}`],
    ] as const)
      expect((await server.send(method, path, { key })).status).toBe(404)
  })
})

test('scopes and roles are listed for any credential', async () => {
  expect(await server.send('GET', '/v1/scopes', { key: server.keys.smart_layer })).toMatchObject({
    status: 200,
    body: {
      data: expect.arrayContaining([{ scope: 'ledger:spend', summary: expect.any(String) }]),
      roles: expect.arrayContaining([{ role: 'viewer', scopes: expect.arrayContaining(['ledger:read']) }]),
    },
  })
  expect((await server.send('GET', '/v1/scopes')).status).toBe(401)
})

test('a project is read and changed, and PATCH makes none', async () => {
  const path = '/v1/projects/smart_layer'
  const changed = await server.send('PATCH', path, { key: server.owner, body: { version: '9', metadata: { a_b: 1 } } })
  expect(changed).toMatchObject({ status: 200, body: { name: 'smart_layer', version: '9', metadata: { a_b: 1 } } })
  expect((await server.send('GET', path, { key: server.keys.smart_layer })).body).toEqual(changed.body)
  for (const method of ['GET', 'PATCH'] as const) {
    const none = await server.send(method, '/v1/projects/none', {
      key: server.owner,
      ...(method === 'PATCH' ? { body: { version: '1' } } : {}),
    })
    expect(none).toMatchObject({ status: 404, body: { code: 'not_found' } })
  }
})

describe('who may end a key', () => {
  const system = '/v1/api-keys'

  test('a key ends or changes no key that may do more than itself', async () => {
    const weak = await server.makeKey('smart_layer', ['key:write', 'key:read'])
    const strong = await make({ scopes: ['key:write', 'ledger:grant'] })
    const at = `/v1/projects/smart_layer/api-keys/${strong['id']}`
    const refused = { status: 403, body: { reason: 'caps_exceed_own' } }
    expect(await server.send('DELETE', at, { key: weak })).toMatchObject(refused)
    expect(await server.send('PATCH', at, { key: weak, body: { enabled: false } })).toMatchObject(refused)
    expect(await server.send('PATCH', at, { key: weak, body: { name: 'other' } })).toMatchObject(refused)
    expect(await server.send('DELETE', at, { key: server.owner })).toMatchObject({ status: 200 })
  })

  test('the last owner key ends itself in no way', async () => {
    await using own = await openTestServer()
    const made = await own.send('POST', system, { key: own.owner, body: { name: 'only' } })
    const key = String(made.body['key'] ?? made.body['secret'])
    const at = `${system}/${made.body['id']}`
    const refused = { status: 409, body: { reason: 'last_owner_key' } }
    const soon = new Date(Date.now() + 60_000).toISOString()
    expect(await own.send('DELETE', at, { key })).toMatchObject(refused)
    expect(await own.send('PATCH', at, { key, body: { enabled: false } })).toMatchObject(refused)
    expect(await own.send('PATCH', at, { key, body: { expiresAt: soon } })).toMatchObject(refused)
    expect(await own.send('PATCH', at, { key, body: { name: 'renamed' } })).toMatchObject({ status: 200 })
    await own.send('POST', system, { key, body: { name: 'second' } })
    expect(await own.send('DELETE', at, { key })).toMatchObject({ status: 200 })
  })
})
