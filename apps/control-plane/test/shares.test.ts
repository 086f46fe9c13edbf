import { afterAll, beforeAll, expect, test } from 'vitest'
import { entriesOf } from './audit-entries.ts'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
let key: string
beforeAll(async () => {
  server = await openTestServer()
  key = await server.makeKey('smart_layer', ['share:write', 'project:read'])
})
afterAll(() => server[Symbol.asyncDispose]())

const shares = '/v1/projects/current/shares'
const path = (name: string, grantee: string) => `${shares}/cache/${encodeURIComponent(name)}/${grantee}`

test('a share is made, listed on both sides and ended, and each change is audited', async () => {
  const name = 'answers/of a model, ü'
  const made = await entriesOf(server, () =>
    server.send('PUT', path(name, 'manus_origin'), { key, body: { rights: ['write', 'read'] } }),
  )
  const row = { owner: 'smart_layer', kind: 'cache', name, grantee: 'manus_origin', rights: ['read', 'write'] }
  expect(made.value).toMatchObject({ status: 200, body: row })
  expect(made.entries).toMatchObject([{ action: 'share.set', resource: `share:cache/${name}/manus_origin` }])

  expect(await server.send('GET', shares, { key })).toMatchObject({ body: { data: [row], page: { next: null } } })
  const other = await server.makeKey('manus_origin', ['project:read'])
  expect(await server.send('GET', `${shares}?direction=received`, { key: other })).toMatchObject({
    body: { data: [row] },
  })
  expect(await server.send('GET', shares, { key: other })).toMatchObject({ body: { data: [] } })

  const again = await entriesOf(server, () =>
    server.send('PUT', path(name, 'manus_origin'), { key, body: { rights: ['read', 'write'] } }),
  )
  expect(again.entries).toEqual([])
  const ended = await entriesOf(server, () => server.send('DELETE', path(name, 'manus_origin'), { key }))
  expect(ended.entries).toMatchObject([{ action: 'share.remove', before: { name } }])
  expect(await server.send('DELETE', path(name, 'manus_origin'), { key })).toMatchObject({ status: 404 })
})

test('what cannot be shared is refused with what can', async () => {
  const put = (address: string, rights: unknown = ['read']) => server.send('PUT', address, { key, body: { rights } })
  expect(await put(`${shares}/purse/n/*`)).toMatchObject({
    status: 400,
    body: { fix: expect.stringContaining('cache') },
  })
  expect(await put(path('n', 'smart_layer'))).toMatchObject({ status: 400 })
  expect(await put(path('n', 'no_such_project'))).toMatchObject({ status: 404 })
  expect(await put(path('n', '*'), ['work'])).toMatchObject({ status: 400 })
  expect(await put(path('n', '*'), ['own'])).toMatchObject({ status: 400 })
  expect(await put(path('n', '*'), [])).toMatchObject({ status: 400 })
})

test('who gives a share and who receives it hear of each change, of one with every project all', async () => {
  const heard = async (name: string) =>
    (
      await server.test.sql(
        `select project, type, data ->> 'rights' as rights from core.event where topic = 'share' and data ->> 'name' = $1 order by id`,
        [name],
      )
    ).map(({ project, type, rights }) => [project, type, rights])
  for (const rights of [['read'], ['read'], ['read', 'write']]) {
    await server.send('PUT', path('heard', 'manus_origin'), { key, body: { rights } })
  }
  await server.send('DELETE', path('heard', 'manus_origin'), { key })
  const both = (type: string, rights: string) => ['smart_layer', 'manus_origin'].map((name) => [name, type, rights])
  expect(await heard('heard')).toEqual([
    ...both('set', '["read"]'),
    ...both('set', '["read", "write"]'),
    ...both('removed', '["read", "write"]'),
  ])
  await server.send('PUT', path('of all', '*'), { key, body: { rights: ['read'] } })
  expect(await heard('of all')).toEqual([[null, 'set', '["read"]']])
})

test('work on a queue, and a lock, that another project shares names their owner; what is not shared is refused', async () => {
  const worker = await server.makeKey('manus_origin', ['task:enqueue', 'task:work', 'lock:take'])
  const own = '/v1/projects/current'
  const post = (address: string, body: object) => server.send('POST', `${own}${address}`, { key: worker, body })
  const claim = { queues: ['lent'], worker: 'w' }
  for (const [kind, rights] of [
    ['queue', ['write', 'work']],
    ['lock', ['work']],
  ]) {
    const made = await server.send('PUT', `${shares}/${kind}/lent/manus_origin`, { key, body: { rights } })
    expect(made.status).toBe(200)
  }
  const made = await post('/tasks?owner=smart_layer', { queue: 'lent', kind: 'k' })
  const { task } = made.body
  expect(made).toMatchObject({ status: 201, body: { project: 'smart_layer' } })
  expect(made.headers['location']).toBe(`/v1/projects/smart_layer/tasks/${task}`)
  expect((await post('/tasks/claim', claim)).body).toEqual({ tasks: [] })
  const next = async () => {
    const { body } = await post('/tasks/claim?owner=smart_layer', claim)
    expect(body).toMatchObject({ tasks: [{ task, queue: 'lent' }] })
    return Object(body['tasks'])[0].fence
  }
  const report = (name: string, body: object, owner = '?owner=smart_layer') =>
    post(`/tasks/${task}/${name}${owner}`, body)
  const fence = await next()
  expect(await report('beat', { fence }, '')).toMatchObject({ status: 404 })
  expect(await report('beat', { fence })).toMatchObject({ status: 200 })
  expect(await report('release', { fence })).toMatchObject({ status: 200, body: { status: 'ready' } })
  expect(await report('fail', { fence: await next(), error: 'no', delayMs: 0 })).toMatchObject({ status: 200 })
  expect(await report('complete', { fence: await next() })).toMatchObject({ status: 200, body: { status: 'done' } })

  const lock = { name: 'lent', holder: 'h' }
  const held = await post('/locks?owner=smart_layer', lock)
  expect(await post('/locks', { ...lock, holder: 'i' })).toMatchObject({ status: 200 }) // its own of that name
  expect(await post('/locks?owner=smart_layer', { ...lock, holder: 'i' })).toMatchObject({ status: 409 })
  const kept = { name: 'lent', fence: held.body['fence'] }
  expect(await post('/locks/renew?owner=smart_layer', kept)).toMatchObject({ status: 200 })
  expect(await post('/locks/release?owner=smart_layer', kept)).toMatchObject({ body: { released: true } })

  for (const [address, body] of [
    ['/tasks', { queue: 'kept', kind: 'k' }],
    ['/tasks/claim', { ...claim, queues: ['kept'] }],
    ['/locks', { ...lock, name: 'kept' }],
  ] as const) {
    expect(await post(`${address}?owner=smart_layer`, body)).toMatchObject({ status: 404 })
  }
})
