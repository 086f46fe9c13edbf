import { afterAll, beforeAll, expect, test } from 'vitest'
import { listen, openSocket } from './frames.ts'
import { openTestServer, type TestServer } from './test-server.ts'
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts'

/** Sockets and streams of people: they receive what their role allows, and no longer than it does. */

let issuer: TokenIssuer
let server: TestServer
let url: string
beforeAll(async () => {
  issuer = await startTokenIssuer()
  server = await openTestServer(undefined, undefined, { pollEveryMs: 100, jwt: issuer.settings })
  url = await listen(server.app)
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await issuer?.[Symbol.asyncDispose]()
})

const setRole = (project: string, name: string, role: string) =>
  server.test.database.rpc('member_set', { p_project: project, p_subject: `user:${name}`, p_role: role })
const emit = (project: string, number: number) =>
  server.test.sql('select core.emit($1, $2, $3, $4)', ['ledger.alert', project, 'threshold_crossed', { number }])
const patience = { timeout: 30_000 }

test.each(['the header', 'the first frame'])('a token in %s opens a socket, within the project', async (place) => {
  await setRole('smart_layer', 'ada', 'viewer')
  const token = await issuer.sign('ada')
  const socket = await openSocket(url, place === 'the header' ? token : undefined)
  if (place !== 'the header') socket.send({ op: 'authenticate', token })
  expect(await socket.next('welcome')).toMatchObject({ subject: 'user:ada', project: 'smart_layer' })
  socket.send({ op: 'subscribe', id: 'a', topic: 'ledger.alert' })
  socket.send({ op: 'subscribe', id: 'b', topic: 'key' })
  socket.send({ op: 'subscribe', id: 'c', topic: 'flag', project: 'manus_origin' })
  await socket.next('subscribed')
  expect(await socket.next('error')).toMatchObject({ id: 'b', code: 'forbidden' })
  expect(await socket.next('error')).toMatchObject({ id: 'c', code: 'not_found' })
  await emit('manus_origin', 1)
  await emit('smart_layer', 2)
  expect(await socket.next('event')).toMatchObject({ project: 'smart_layer', data: { number: 2 } })
  expect(socket.events()).toHaveLength(1)
  socket.socket.close()
})

test('a person with several projects names one, and the past is read as the member it is there', async () => {
  await setRole('smart_layer', 'eve', 'viewer')
  await setRole('manus_origin', 'eve', 'operator')
  const socket = await openSocket(url, await issuer.sign('eve'))
  const { project, seq } = await socket.next('welcome')
  expect(project).toBeNull()
  socket.send({ op: 'subscribe', id: 'a', topic: 'ledger.alert' })
  expect(await socket.next('error')).toMatchObject({ id: 'a', code: 'invalid' })
  await emit('smart_layer', 3)
  await emit('manus_origin', 4)
  socket.send({ op: 'subscribe', id: 'b', topic: 'ledger.alert', project: 'manus_origin', since: seq })
  expect(await socket.next('event')).toMatchObject({ project: 'manus_origin', data: { number: 4 } })
  socket.send({ op: 'subscribe', id: 'c', topic: 'key', project: 'smart_layer' })
  expect(await socket.next('error')).toMatchObject({ id: 'c', code: 'forbidden' })
  socket.send({ op: 'subscribe', id: 'd', topic: 'key', project: 'manus_origin' })
  await expect.poll(() => socket.frames.filter(({ op }) => op === 'subscribed').length, patience).toBe(2)
  expect(socket.events()).toHaveLength(1)
  socket.socket.close()
})

test('another role closes the connection, to reconnect; without a role nothing more is received', async () => {
  await setRole('smart_layer', 'carl', 'operator')
  const token = await issuer.sign('carl')
  const first = await openSocket(url, token)
  await first.next('welcome')
  await setRole('smart_layer', 'carl', 'viewer')
  expect(await first.next('bye', 10_000)).toMatchObject({ code: 1012, retryAfterMs: expect.any(Number) })
  await first.closed

  const second = await openSocket(url, token)
  await second.next('welcome')
  second.send({ op: 'subscribe', id: 'a', topic: 'key' })
  expect(await second.next('error')).toMatchObject({ code: 'forbidden' })
  await server.test.database.rpc('member_remove', { p_project: 'smart_layer', p_subject: 'user:carl' })
  expect((await second.closed).code).toBe(1012)
  const third = await openSocket(url)
  third.send({ op: 'authenticate', token })
  expect((await third.closed).code).toBe(4403)
})

test('a change of one member disturbs no other', async () => {
  await setRole('smart_layer', 'dora', 'viewer')
  const socket = await openSocket(url, await issuer.sign('dora'))
  socket.send({ op: 'subscribe', id: 'a', topic: 'member' })
  await socket.next('subscribed')
  await setRole('smart_layer', 'fred', 'viewer')
  await expect
    .poll(() => socket.events().map(({ type, data }) => [type, data['subject'], data['role']]), patience)
    .toContainEqual(['set', 'user:fred', 'viewer'])
  expect(socket.frames.some(({ op }) => op === 'bye')).toBe(false)
  socket.socket.close()
})

test('a socket ends with its token, and a bad one opens none', async () => {
  const exp = Math.floor(Date.now() / 1000) + 2
  const socket = await openSocket(url, await issuer.sign('dora', { exp }))
  await socket.next('welcome')
  expect(await socket.closed).toMatchObject({ code: 4401, reason: 'the credential has expired' })
  const bad = await openSocket(url)
  bad.send({ op: 'authenticate', token: await issuer.sign('dora', { aud: 'else' }) })
  expect((await bad.closed).code).toBe(4401)
  await expect(openSocket(url, await issuer.sign('dora', { aud: 'else' }))).rejects.toThrow('401')
})

test('server-sent events take tokens, too', async () => {
  const open = async (project: string) => {
    const controller = new AbortController()
    const response = await fetch(`${url}/v1/projects/${project}/events?topics=ledger.alert`, {
      headers: { authorization: `Bearer ${await issuer.sign('eve')}` },
      signal: controller.signal,
    })
    controller.abort()
    return response.status
  }
  expect(await open('smart_layer')).toBe(200)
  expect(await open('current')).toBe(400)
  expect(await open('none')).toBe(404)
})

test('a key that is disabled loses its sockets, and may come back when it is enabled', async () => {
  const path = '/v1/projects/smart_layer/api-keys'
  const made = await server.send('POST', path, { key: server.owner, body: { name: 'listener' } })
  const key = String(made.body['secret'])
  const socket = await openSocket(url, key)
  await socket.next('welcome')
  const patch = (body: object) => server.send('PATCH', `${path}/${made.body['id']}`, { key: server.owner, body })
  await patch({ name: 'renamed' })
  await patch({ enabled: false })
  expect((await socket.closed).code).toBe(4401)
  await patch({ enabled: true })
  await expect.poll(async () => (await server.send('GET', '/v1/me', { key })).status, patience).toBe(200)
  const again = await openSocket(url, key)
  await again.next('welcome')
  again.socket.close()
})
