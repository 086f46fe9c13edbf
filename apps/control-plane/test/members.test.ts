import { roleScopes, type Scope } from '@core/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts'

let issuer: TokenIssuer
let server: TestServer
beforeAll(async () => {
  issuer = await startTokenIssuer()
  server = await openTestServer(undefined, undefined, { jwt: { ...issuer.settings, roleClaim: 'app_metadata.role' } })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await issuer?.[Symbol.asyncDispose]()
})

const members = (project: string) => `/v1/projects/${project}/members`
const memberAt = (project: string, name: string) => `${members(project)}/${encodeURIComponent(`user:${name}`)}`
const put = (key: string, project: string, name: string, role: string, more: object = {}) =>
  server.send('PUT', memberAt(project, name), { key, body: { role, ...more } })
const remove = (key: string, project: string, name: string) => server.send('DELETE', memberAt(project, name), { key })
const get = (key: string, path: string) => server.send('GET', path, { key })
const withoutInstance = (text: string) => text.replaceAll(/req_[0-9a-f-]{36}/g, 'req_')

/** A project of its own for a test, without members. */
let made = 0
async function makeProject(): Promise<string> {
  const name = `project_${++made}`
  await server.test.database.rpc('project_register', { p_name: name })
  return name
}

test('a person is let in, seen, given another role, and shown out, each at once', async () => {
  const project = await makeProject()
  const ada = await issuer.sign('ada')
  const path = `/v1/projects/${project}`
  expect((await get(ada, path)).status).toBe(404)

  const letIn = await put(server.owner, project, 'ada', 'viewer', { name: 'Ada' })
  expect(letIn).toMatchObject({
    status: 200,
    body: { project, subject: 'user:ada', role: 'viewer', name: 'Ada', createdBy: 'owner', updatedBy: 'owner' },
  })
  await expect.poll(async () => (await get(ada, path)).status, { timeout: 30_000 }).toBe(200)
  expect(await get(ada, '/v1/me')).toMatchObject({
    body: { subject: 'user:ada', project, roles: [{ project, role: 'viewer' }], scopes: roleScopes.viewer },
  })
  expect(await get(ada, '/v1/projects')).toMatchObject({ status: 200, body: { data: [{ name: project }] } })
  expect(await get(ada, '/v1/projects/current')).toMatchObject({ status: 200, body: { name: project } })
  expect(await server.send('PATCH', path, { key: ada, body: { version: '2' } })).toMatchObject({ status: 403 })

  expect(await put(server.owner, project, 'ada', 'admin')).toMatchObject({ body: { role: 'admin', name: 'Ada' } })
  await expect
    .poll(async () => (await server.send('PATCH', path, { key: ada, body: { version: '2' } })).status)
    .toBe(200)
  expect(await get(ada, members(project))).toMatchObject({ body: { data: [{ subject: 'user:ada' }] } })

  expect((await remove(server.owner, project, 'ada')).status).toBe(200)
  await expect.poll(async () => (await get(ada, path)).status).toBe(404)
  expect(await remove(server.owner, project, 'ada')).toMatchObject({ status: 404, body: { code: 'not_found' } })
})

test('setting the same again changes nothing, and sends no event', async () => {
  const project = await makeProject()
  const first = await put(server.owner, project, 'ada', 'viewer', { name: 'Ada' })
  const again = await put(server.owner, project, 'ada', 'viewer')
  expect(again.body).toEqual(first.body)
  const events = await server.test.sql(
    `select type, data ->> 'role' as role from core.event where topic = 'member' and project = '${project}'`,
  )
  expect(events).toEqual([{ type: 'set', role: 'viewer' }])
})

describe('one member', () => {
  const add = (key: string, project: string, name: string, role: string, more: object = {}) =>
    server.send('POST', members(project), { key, body: { subject: `user:${name}`, role, ...more } })
  const patch = (key: string, project: string, name: string, body: object, headers = {}) =>
    server.send('PATCH', memberAt(project, name), { key, body, headers })

  test('is added once, read, and changed only where it is', async () => {
    const project = await makeProject()
    const added = await add(server.owner, project, 'ada', 'viewer', { name: 'Ada' })
    expect(added).toMatchObject({ status: 201, body: { role: 'viewer', name: 'Ada', replayed: false } })
    expect(await add(server.owner, project, 'ada', 'viewer', { name: 'Ada' })).toMatchObject({
      status: 409,
      body: { code: 'conflict', reason: 'member_exists', fix: 'Change the role instead.' },
    })
    const read = await get(server.owner, memberAt(project, 'ada'))
    expect(read).toMatchObject({ status: 200, body: { subject: 'user:ada', role: 'viewer' } })
    const etag = String(read.headers['etag'])

    const changed = await patch(server.owner, project, 'ada', { role: 'admin' }, { 'if-match': etag })
    expect(changed).toMatchObject({ status: 200, body: { role: 'admin', name: 'Ada' } })
    expect(await patch(server.owner, project, 'ada', { name: 'A.' }, { 'if-match': etag })).toMatchObject({
      status: 412,
    })
    expect(await patch(server.owner, project, 'ada', { name: 'A.' })).toMatchObject({
      body: { role: 'admin', name: 'A.' },
    })
    expect((await patch(server.owner, project, 'ada', {})).body).toEqual(
      (await get(server.owner, memberAt(project, 'ada'))).body,
    )
    const refusal = { status: 404, body: { code: 'not_found', reason: 'member_not_found' } }
    expect(await patch(server.owner, project, 'finn', { role: 'viewer' })).toMatchObject(refusal)
    expect(await get(server.owner, memberAt(project, 'finn'))).toMatchObject(refusal)
  })

  test('added again with the same key is the first answer, whatever has become of it', async () => {
    const project = await makeProject()
    const request = {
      key: server.owner,
      idempotencyKey: `add-to-${project}`,
      body: { subject: 'user:ada', role: 'viewer' },
    }
    const first = await server.send('POST', members(project), request)
    await remove(server.owner, project, 'ada')
    const again = await server.send('POST', members(project), request)
    expect(again).toMatchObject({ status: 201, body: { ...first.body, replayed: true } })
    expect((await get(server.owner, memberAt(project, 'ada'))).status).toBe(404)
    const other = { ...request, body: { subject: 'user:finn', role: 'viewer' } }
    expect(await server.send('POST', members(project), other)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_mismatch', fields: ['subject'] },
    })
  })

  test('added by many at once is added by one, and by concurrent calls with one key once', async () => {
    const project = await makeProject()
    const race = await Promise.all(Array.from({ length: 8 }, () => add(server.owner, project, 'ada', 'viewer')))
    expect(race.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 7 }, () => 409)])
    const request = {
      key: server.owner,
      idempotencyKey: `concurrent-${project}`,
      body: { subject: 'user:finn', role: 'viewer' },
    }
    const concurrent = await Promise.all(
      Array.from({ length: 8 }, () => server.send('POST', members(project), request)),
    )
    expect(concurrent.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 201))
    expect(concurrent.filter(({ body }) => body['replayed'] === false)).toHaveLength(1)
  })

  test('is decided about within the same bounds as for PUT', async () => {
    const project = await makeProject()
    await put(server.owner, project, 'boss', 'owner')
    await put(server.owner, project, 'carl', 'admin')
    const carl = await issuer.sign('carl')
    const refusal = { status: 403, body: { reason: 'role_exceeds_own' } }
    expect(await add(carl, project, 'dora', 'owner')).toMatchObject(refusal)
    expect(await patch(carl, project, 'carl', { role: 'owner' })).toMatchObject(refusal)
    expect(await patch(carl, project, 'boss', { name: 'B' })).toMatchObject(refusal)
    expect(await patch(server.owner, project, 'boss', { role: 'viewer' })).toMatchObject({
      body: { reason: 'last_owner' },
    })
    expect(await add(carl, 'smart_layer', 'dora', 'viewer')).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })
})

test('members are listed page by page', async () => {
  const project = await makeProject()
  const names = ['a', 'B', 'auth0|7', 'c@d.example', 'https://id.example/zoe']
  for (const name of names) await put(server.owner, project, name, 'viewer')
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const { body } = await get(server.owner, `${members(project)}?limit=2${query}`)
    const { data, page } = body as { data: { subject: string }[]; page: { next: string | null } }
    seen.push(...data.map(({ subject }) => subject))
    cursor = page.next
  }
  expect(seen.sort()).toEqual(names.map((name) => `user:${name}`).sort())
})

describe('a person in several projects', () => {
  test('is in each what it is there, and must name the one it means', async () => {
    const [one, two] = [await makeProject(), await makeProject()]
    await put(server.owner, one, 'eve', 'viewer')
    await put(server.owner, two, 'eve', 'admin')
    const eve = await issuer.sign('eve')
    expect(await get(eve, '/v1/me')).toMatchObject({
      body: {
        project: null,
        roles: [
          { project: one, role: 'viewer' },
          { project: two, role: 'admin' },
        ],
      },
    })
    const patch = (project: string) =>
      server.send('PATCH', `/v1/projects/${project}`, { key: eve, body: { version: '3' } })
    expect(await patch(one)).toMatchObject({ status: 403, body: { scope: 'project:write' } })
    expect((await patch(two)).status).toBe(200)
    expect(await get(eve, '/v1/projects/current')).toMatchObject({
      status: 400,
      body: { code: 'invalid', errors: [{ location: 'path.project', fix: 'Name the project.' }] },
    })
    expect((await get(eve, '/v1/projects')).body).toMatchObject({ data: [{ name: one }, { name: two }] })
    const [foreign, missing] = await Promise.all([get(eve, '/v1/projects/smart_layer'), get(eve, '/v1/projects/none')])
    expect(foreign.status).toBe(404)
    expect(withoutInstance(foreign.text)).toBe(withoutInstance(missing.text))
  })

  test('and in none: it is known, and sees nothing', async () => {
    const stranger = await issuer.sign('no_member')
    expect(await get(stranger, '/v1/me')).toMatchObject({ status: 200, body: { roles: [], scopes: [] } })
    expect(await get(stranger, '/v1/projects')).toMatchObject({ status: 403 })
    expect(await get(stranger, '/v1/projects/current')).toMatchObject({ status: 400 })
    expect(await get(stranger, '/v1/projects/smart_layer')).toMatchObject({ status: 404 })
  })
})

describe('a member decides about no more than it has', () => {
  test('an admin gives and takes roles up to its own, and does not touch owners', async () => {
    const project = await makeProject()
    await put(server.owner, project, 'boss', 'owner')
    await put(server.owner, project, 'deputy', 'owner')
    await put(server.owner, project, 'carl', 'admin')
    const carl = await issuer.sign('carl')
    expect((await put(carl, project, 'dora', 'operator')).status).toBe(200)
    expect((await put(carl, project, 'dora', 'admin')).status).toBe(200)
    const refusal = { status: 403, body: { code: 'forbidden', reason: 'role_exceeds_own', role: 'owner' } }
    expect(await put(carl, project, 'dora', 'owner')).toMatchObject(refusal)
    expect(await put(carl, project, 'carl', 'owner')).toMatchObject(refusal)
    expect(await put(carl, project, 'boss', 'viewer')).toMatchObject(refusal)
    expect(await remove(carl, project, 'boss')).toMatchObject(refusal)
    expect((await remove(carl, project, 'dora')).status).toBe(200)
    const boss = await issuer.sign('boss')
    expect((await put(boss, project, 'dora', 'owner')).status).toBe(200)
  })

  test('a key with member:write gives no role that may do more than the key', async () => {
    const key = await server.makeKey('manus_origin', ['member:write', 'member:read', ...roleScopes.viewer])
    expect((await put(key, 'manus_origin', 'ada', 'viewer')).status).toBe(200)
    expect(await put(key, 'manus_origin', 'ada', 'operator')).toMatchObject({
      status: 403,
      body: { reason: 'role_exceeds_own' },
    })
  })

  test('keys that a member makes can do at most what the member can', async () => {
    const project = await makeProject()
    await put(server.owner, project, 'carl', 'admin')
    const carl = await issuer.sign('carl')
    const make = (scopes: Scope[]) =>
      server.send('POST', `/v1/projects/${project}/api-keys`, { key: carl, body: { name: 'x', scopes } })
    expect(await make(['ledger:read'])).toMatchObject({ status: 201, body: { createdBy: 'user:carl' } })
    expect(await make(['ledger:grant'])).toMatchObject({ status: 403, body: { reason: 'caps_exceed_own' } })
  })
})

describe('the last owner of a project', () => {
  test('cannot be removed or demoted, by anybody; the one before the last can', async () => {
    const project = await makeProject()
    await put(server.owner, project, 'boss', 'owner')
    const boss = await issuer.sign('boss')
    const refusal = { status: 409, body: { code: 'conflict', reason: 'last_owner', fix: expect.any(String) } }
    for (const key of [boss, server.owner]) {
      expect(await remove(key, project, 'boss')).toMatchObject(refusal)
      expect(await put(key, project, 'boss', 'admin')).toMatchObject(refusal)
    }
    await put(boss, project, 'heir', 'owner')
    expect((await put(boss, project, 'boss', 'viewer')).status).toBe(200)
    expect(await remove(await issuer.sign('heir'), project, 'heir')).toMatchObject(refusal)
  })

  test('stays when the two last remove each other at the same moment', async () => {
    const project = await makeProject()
    await put(server.owner, project, 'one', 'owner')
    await put(server.owner, project, 'two', 'owner')
    const [one, two] = await Promise.all([issuer.sign('one'), issuer.sign('two')])
    await Promise.all([get(one, '/v1/me'), get(two, '/v1/me')])
    // A call that comes as far as writing waits here, so that both have looked for another owner before either is gone.
    const rows = `select 1 from core.member where project = '${project}' for update`
    const held = server.test.sql(`with locked as materialized (${rows}) select pg_sleep(0.4) from locked`)
    const replies = await Promise.all([remove(one, project, 'two'), put(two, project, 'one', 'viewer')])
    await held
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409])
    const owners = await server.test.sql(
      `select count(*)::int as count from core.member where project = '${project}' and role = 'owner'`,
    )
    expect(owners).toEqual([{ count: 1 }])
  })
})

describe('a role in every project, from a claim of the token', () => {
  const sign = (role: string) => issuer.sign(`system-${role}`, { app_metadata: { role } })

  test('a viewer sees every project and changes none', async () => {
    const viewer = await sign('viewer')
    expect(await get(viewer, '/v1/me')).toMatchObject({
      body: { project: null, roles: [{ project: null, role: 'viewer' }] },
    })
    expect((await get(viewer, '/v1/projects/smart_layer')).status).toBe(200)
    expect(await put(viewer, 'smart_layer', 'ada', 'viewer')).toMatchObject({ status: 403 })
    expect((await get(viewer, '/v1/projects')).body['data']).toHaveLength(2 + made)
  })

  test('an owner is as the owner key; an admin makes no owners', async () => {
    const project = await makeProject()
    expect((await put(await sign('admin'), project, 'ada', 'owner')).status).toBe(403)
    expect((await put(await sign('owner'), project, 'ada', 'owner')).status).toBe(200)
    expect((await get(await sign('owner'), '/v1/api-keys')).status).toBe(200)
    expect((await get(await sign('admin'), '/v1/api-keys')).status).toBe(404)
  })

  test('user_metadata is what users write themselves', async () => {
    const eve = await issuer.sign('selfmade', { user_metadata: { role: 'owner' }, role: 'owner' })
    expect(await get(eve, '/v1/me')).toMatchObject({ body: { roles: [], scopes: [] } })
  })
})

test.each([
  ['no_kind', '400', 'path.subject'],
  ['user:', '400', 'path.subject'],
  ['key:1', '400', 'path.subject'],
  [`user:${'a'.repeat(256)}`, '400', 'path.subject'],
  ['user:a b', '400', 'path.subject'],
  ['user:zoë', '400', 'path.subject'],
])('the subject %j is refused', async (subject, status, location) => {
  const path = `${members('smart_layer')}/${encodeURIComponent(subject)}`
  const reply = await server.send('PUT', path, { key: server.owner, body: { role: 'viewer' } })
  expect(reply).toMatchObject({ status: Number(status), body: { errors: [{ location }] } })
})

test.each([[{}], [{ role: 'emperor' }], [{ role: 'viewer', name: '' }], [{ role: 'viewer', project: 'x' }]])(
  'the body %j is refused',
  async (body) => {
    const reply = await server.send('PUT', memberAt('smart_layer', 'ada'), { key: server.owner, body })
    expect(reply).toMatchObject({ status: 400, body: { code: 'invalid' } })
  },
)

test('what the routes keep out the functions keep out, too', async () => {
  const { database } = server.test
  const claims = {
    role: 'core_member',
    project: 'smart_layer',
    caps: ['member:read', 'member:write'],
    sub: 'x',
  } as const
  const set = { p_project: 'smart_layer', p_subject: 'user:ada', p_role: 'viewer' }
  await expect(database.rpc('member_roles', { p_subject: 'user:ada' }, { claims })).rejects.toMatchObject({
    code: 'E_FORBIDDEN',
  })
  await expect(database.rpc('member_set', { ...set, p_project: 'manus_origin' }, { claims })).rejects.toMatchObject({
    details: { reason: 'forbidden_project' },
  })
  await expect(database.rpc('member_set', set, { claims })).rejects.toMatchObject({
    details: { reason: 'role_exceeds_own' },
  })
  for (const fields of [{ p_subject: 'ada' }, { p_role: 'emperor' }, { p_name: '' }]) {
    await expect(database.rpc('member_set', { ...set, ...fields })).rejects.toMatchObject({ code: 'E_INVALID' })
  }
  await expect(database.rpc('member_set', { ...set, p_project: 'none' })).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
})

test('a change of a member is an event for who may read members, and for no one else', async () => {
  const project = await makeProject()
  await put(server.owner, project, 'ada', 'viewer')
  const poll = async (caps: Scope[]) => {
    const claims = { role: 'core_member', project, caps, sub: 'x' } as const
    const { events } = Object(await server.test.database.rpc('event_poll', { p_after: 0, p_limit: 1000 }, { claims }))
    return events.map(({ topic }: { topic: string }) => topic)
  }
  expect(await poll(['event:read'])).toEqual([])
  expect(await poll(['event:read', 'member:read'])).toEqual(['member'])
})

test('a project has a thousand members at most', async () => {
  const project = await makeProject()
  await server.test.sql(
    `insert into core.member (project, subject, role, created_by, updated_by)
     select '${project}', 'user:' || n, 'viewer', 'test', 'test' from generate_series(1, 1000) n`,
  )
  expect(await put(server.owner, project, 'late', 'viewer')).toMatchObject({
    status: 409,
    body: { reason: 'too_many_members' },
  })
  expect((await put(server.owner, project, '7', 'operator')).status).toBe(200)
})
