import { type RouteContract, routes } from '@core/api'
import { createClient } from '@core/api/client'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { entriesOf } from './audit-entries.ts'
import { mutations } from './mutations.ts'
import { openTestServer, type Send, type TestServer } from './test-server.ts'

let server: TestServer
let url: string
beforeAll(async () => {
  server = await openTestServer()
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => server[Symbol.asyncDispose]())

const all: readonly RouteContract[] = routes
const conditional = all.filter(({ conditional }) => conditional === 'edit')
const edits = conditional.filter(({ method }) => method !== 'DELETE').map(({ operation }) => operation)
const removals = conditional.filter(({ method }) => method === 'DELETE').map(({ operation }) => operation)

/** What replaces nothing that was read: who sets it means it whatever it was. */
const marks = [
  'ensureUser',
  'retryTask',
  'setTaskGroup',
  'retryMessage',
  'subscribeTopic',
  'putWebhook',
  'putSecret',
  'commitUpload',
  'setFileQuota',
  'putSharedSecret',
  'archiveProject',
  'markError',
  'markAnyError',
  'putCacheEntry',
  'decideInsight',
  // They open a space or begin its migration, and change none that is there.
  'putEmbeddingSpace',
  'putEmbeddingMigration',
  // They add a card with a date and edit none.
  'setPrice',
  'importPrices',
  'setCreditRate',
]

test('whatever can be edited can be edited on a condition', () => {
  const replacing = all.filter(({ method }) => method === 'PUT' || method === 'PATCH').map(({ operation }) => operation)
  expect(edits).toEqual(replacing.filter((operation) => !marks.includes(operation)))
})

type Values = readonly [first: object, second: object]

/** Where a thing is edited, with two states of it. The second is another one than the first. */
const editables: Record<string, () => Promise<{ method: string; path: string; bodies: Values }>> = {
  putProject: async () => ({
    method: 'PUT',
    path: '/v1/projects/smart_layer',
    bodies: [{ version: uuidv7() }, { version: uuidv7() }],
  }),
  updateProject: async () => ({
    method: 'PATCH',
    path: '/v1/projects/smart_layer',
    bodies: [{ version: uuidv7() }, { version: uuidv7() }],
  }),
  putMember: async () => {
    const { method, path } = await mutations.putMember(server)
    return { method, path, bodies: [{ role: 'viewer' }, { role: 'operator' }] }
  },
  updateApiKey: async () => {
    const { method, path } = await mutations.updateApiKey(server)
    return { method, path, bodies: [{ name: 'one' }, { name: 'two' }] }
  },
  updateSystemApiKey: async () => {
    const { method, path } = await mutations.updateSystemApiKey(server)
    return { method, path, bodies: [{ name: 'one' }, { name: 'two' }] }
  },
  updateAccount: async () => {
    const { method, path } = await mutations.updateAccount(server)
    return { method, path, bodies: [{ metadata: { at: 1 } }, { metadata: { at: 2 } }] }
  },
  updateMember: async () => {
    const { method, path } = await mutations.updateMember(server)
    return { method, path, bodies: [{ role: 'admin' }, { role: 'viewer' }] }
  },
  setBudget: async () => {
    const { method, path, body } = await mutations.setBudget(server)
    return {
      method,
      path,
      bodies: [
        { ...Object(body), limit: 1 },
        { ...Object(body), limit: 2 },
      ],
    }
  },
  putHealthPolicy: async () => ({
    method: 'PUT',
    path: '/v1/projects/smart_layer/health/policy',
    bodies: [{ criticality: 'high' }, { criticality: 'low' }],
  }),
  putShare: async () => {
    const { method, path } = await mutations.putShare(server)
    return { method, path, bodies: [{ rights: ['read'] }, { rights: ['read', 'write'] }] }
  },
  setProvider: async () => ({
    method: 'PUT',
    path: '/v1/projects/smart_layer/providers/edited',
    bodies: [{ kind: 'local' }, { kind: 'ollama' }],
  }),
  setModelRoute: async () => ({
    method: 'PUT',
    path: '/v1/projects/smart_layer/routes/edited',
    bodies: [{ targets: [{ provider: 'local' }] }, { targets: [{ provider: 'local', model: 'other' }] }],
  }),
  setFlagForAll: async () => ({
    method: 'PUT',
    path: '/v1/flags/edited.for.all',
    bodies: [{ value: uuidv7() }, { value: uuidv7() }],
  }),
  setFlag: async () => ({
    method: 'PUT',
    path: '/v1/projects/smart_layer/flags/edited',
    bodies: [{ value: uuidv7() }, { value: uuidv7() }],
  }),
}

const projectBound = ({ path }: { path: string }) => path.includes('/projects/')

test('there is a thing to edit for every such route', () => {
  expect(Object.keys(editables).sort()).toEqual(edits.toSorted())
})

describe.each(Object.entries(editables))('%s', (_, make) => {
  test('passes in the state that was read and in no other, and leaves no trace where it does not', async () => {
    const { method, path, bodies } = await make()
    const edit = (body: object, headers: Record<string, string> = {}) =>
      server.send(method, path, { key: server.owner, body, headers })
    const [first, second] = bodies
    const made = await edit(first)
    const tag = String(made.headers['etag'])
    expect(made.status).toBe(200)
    expect(tag).toBe(`"${made.body['etag']}"`)

    expect(await edit(second, { 'if-match': tag })).toMatchObject({ status: 200 })
    const later = await edit(second)
    const stale = await entriesOf(server, () => edit(first, { 'if-match': tag }))
    expect(stale.value).toMatchObject({
      status: 412,
      body: { code: 'precondition_failed', etag: later.body['etag'], retryable: false },
    })
    expect(stale.entries).toEqual([])
    const known = { 'if-match': `"zzz", ${later.headers['etag']}` }
    expect(await edit(first, known)).toMatchObject({ status: 200 })
    expect(await edit(second, { 'if-match': '*' })).toMatchObject({ status: 200 })
    expect(await edit(first, { 'if-match': 'W/"zzz"' })).toMatchObject({ status: 412 })
    expect(await edit(first, { 'if-none-match': '*' })).toMatchObject({ status: 412 })
    expect(await edit(first, { 'if-match': 'zzz' })).toMatchObject({
      status: 400,
      body: { code: 'invalid', errors: [{ location: 'header.If-Match' }] },
    })
  })

  test('of ten edits of one state at the same time exactly one passes', async () => {
    const { method, path, bodies } = await make()
    const made = await server.send(method, path, { key: server.owner, body: bodies[0] })
    const headers = { 'if-match': String(made.headers['etag']) }
    const edits = Array.from({ length: 10 }, () =>
      server.send(method, path, { key: server.owner, body: bodies[1], headers }),
    )
    const statuses = (await Promise.all(edits)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 412)).toHaveLength(9)
  })

  test('is refused for the scope before its condition is looked at', async () => {
    const { method, path, bodies } = await make()
    const weak = await server.makeKey('smart_layer', ['event:read'])
    const options = { key: weak, body: bodies[0], headers: { 'if-match': '"zzz"' } }
    expect(await server.send(method, path, options)).toMatchObject({ status: 403 })
    const foreign = { ...options, key: server.keys.manus_origin }
    expect(await server.send(method, path, foreign)).toMatchObject({ status: projectBound({ path }) ? 404 : 403 })
  })
})

/** Where a thing is made that can be removed on a condition, and what makes it. */
const removables: Record<string, { operation: 'setFlag' | 'setFlagForAll' | 'setBudget' }> = {
  clearFlag: { operation: 'setFlag' },
  clearFlagForAll: { operation: 'setFlagForAll' },
  removeBudget: { operation: 'setBudget' },
}

test('there is a thing to remove for every such route', () => {
  expect(Object.keys(removables).sort()).toEqual(removals.toSorted())
})

test.each(Object.entries(removables))(
  '%s passes in the state that was read and in no other',
  async (_, { operation }) => {
    const { method, path, body } = await mutations[operation](server)
    const made = await server.send(method, path, { key: server.owner, body })
    const remove = (tag: string) => server.send('DELETE', path, { key: server.owner, headers: { 'if-match': tag } })
    expect(await remove('"zzz"')).toMatchObject({ status: 412, body: { etag: made.body['etag'] } })
    expect(await remove(String(made.headers['etag']))).toMatchObject({ status: 200, body: { etag: null } })
    expect(await remove('*')).toMatchObject({ status: 412 })
  },
)

test('a change that cannot heed a condition is not made', async () => {
  const { method, path } = await mutations.removeMember(server)
  const remove = (headers = {}) => server.send(method, path, { key: server.owner, headers })
  expect(await remove({ 'if-match': '"zzz"' })).toMatchObject({
    status: 400,
    body: { code: 'invalid', errors: [{ location: 'header.If-Match', message: 'this operation takes no condition' }] },
  })
  expect(await remove()).toMatchObject({ status: 200 })
})

test('If-None-Match: * makes what is not there, and only that', async () => {
  const project = `made_${uuidv7().replaceAll('-', '').slice(-12)}`
  const make = (
    method: string,
    path: string,
    body: object,
    headers: Record<string, string> = { 'if-none-match': '*' },
  ) => server.send(method, path, { key: server.owner, body, headers })
  expect(await make('PUT', `/v1/projects/${project}`, {}, { 'if-match': '*' })).toMatchObject({ status: 412 })
  expect(await server.test.sql('select from core.project where name = $1', [project])).toEqual([])
  expect(await make('PUT', `/v1/projects/${project}`, {})).toMatchObject({ status: 200 })
  expect(await make('PUT', `/v1/projects/${project}`, {})).toMatchObject({ status: 412 })
  const flag = `/v1/projects/${project}/flags/a`
  expect(await make('PUT', flag, { value: 1 }, { 'if-match': '*' })).toMatchObject({ status: 412 })
  expect(await make('PUT', flag, { value: 1 })).toMatchObject({ status: 200 })
  expect(await make('DELETE', flag, {}, { 'if-match': '*' })).toMatchObject({ status: 200 })
  // Cleared, it is no more.
  expect(await make('PUT', flag, { value: 2 })).toMatchObject({ status: 200 })
})

test('a repeated edit is answered as the first time, though its state is gone', async () => {
  const { method, path } = await mutations.updateAccount(server)
  const read = await server.send('GET', path, { key: server.owner })
  const headers = { 'if-match': String(read.headers['etag']) }
  const edit: Send = { key: server.owner, body: { metadata: { a: 1 } }, headers, idempotencyKey: uuidv7() }
  const first = await server.send(method, path, edit)
  expect(first.status).toBe(200)
  const again = await server.send(method, path, edit)
  expect(again).toMatchObject({ status: 200, body: { ...first.body, replayed: true } })
  expect(again.headers).toMatchObject({ 'idempotency-replayed': 'true' })
  expect(again.headers).not.toHaveProperty('etag')
})

describe('reading', () => {
  const read = (path: string, known?: string) =>
    server.send('GET', path, { key: server.owner, headers: known === undefined ? {} : { 'if-none-match': known } })

  test.each(['', '/accounts/smart_layer', '/accounts/smart_layer/budgets', '/flags', '/members', '/api-keys'])(
    '…%s again, unchanged, is 304 without a body',
    async (path) => {
      const address = `/v1/projects/smart_layer${path}`
      const first = await read(address)
      const tag = String(first.headers['etag'])
      expect(tag).toMatch(/^"[0-9a-f]{32}(-[0-9a-f]{32})?"$/)
      for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
        const again = await read(address, known)
        expect(again).toMatchObject({
          status: 304,
          text: '',
          headers: { etag: tag, 'x-request-id': expect.any(String) },
        })
      }
      expect(await read(address, '"x"')).toMatchObject({ status: 200 })
      expect(await read(address, 'x')).toMatchObject({ status: 400 })
    },
  )

  test('an account whose balance has moved is shown again, and can be edited as it was read', async () => {
    const { account } = (
      await server.send('POST', '/v1/projects/smart_layer/accounts', {
        key: server.owner,
        body: { account: `smart_layer/${uuidv7()}` },
      })
    ).body
    const address = `/v1/projects/smart_layer/accounts/${encodeURIComponent(String(account))}`
    const tag = String((await read(address)).headers['etag'])
    await server.send('POST', '/v1/projects/smart_layer/grants', { key: server.owner, body: { account, amount: 5 } })
    const moved = await read(address, tag)
    expect(moved).toMatchObject({ status: 200, body: { available: 5 } })
    expect(moved.headers['etag']).not.toBe(tag)
    const edit = { key: server.owner, body: { status: 'frozen' }, headers: { 'if-match': tag } }
    expect(await server.send('PATCH', address, edit)).toMatchObject({ status: 200, body: { status: 'frozen' } })
  })

  test('routes without an ETag answer as ever', async () => {
    const reply = await read('/v1/me', '*')
    expect(reply.status).toBe(200)
    expect(reply.headers).not.toHaveProperty('etag')
  })
})

test('the typed client sends the etag it has read, and learns the present one', async () => {
  const client = createClient({ url, key: server.owner })
  const params = { project: 'smart_layer', name: 'typed' }
  const set = (value: number, options: { ifMatch?: string; ifNoneMatch?: '*' }) =>
    client.setFlag({ params, body: { value } }, options)
  const first = await set(1, { ifNoneMatch: '*' })
  const second = await set(2, { ifMatch: String(first.etag) })
  await expect(set(3, { ifMatch: String(first.etag) })).rejects.toMatchObject({
    code: 'E_PRECONDITION_FAILED',
    retryable: false,
    details: { code: 'precondition_failed', etag: second.etag },
  })
})
