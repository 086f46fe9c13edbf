import { hasFields, type RouteContract, routes } from '@core/api'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

/** Every route that reads a body, with every kind of body it might be sent: made from the list of routes. */

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const all: readonly RouteContract[] = routes
const writing = all.filter(({ method, auth }) => method !== 'GET' && auth !== 'public')
const named = (list: readonly RouteContract[]) => list.map((route) => [route.operation, route] as const)

async function send(route: RouteContract, payload: string | undefined, headers: Record<string, string>) {
  const [example] = route.examples
  const url = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'project' ? 'smart_layer' : encodeURIComponent(String(example?.params?.[name] ?? uuidv7())),
  )
  const response = await server.app.inject({
    method: route.method,
    url,
    headers: { authorization: `Bearer ${server.owner}`, 'idempotency-key': uuidv7(), ...headers },
    ...(payload === undefined ? {} : { payload }),
  })
  return { status: response.statusCode, headers: response.headers, body: response.json<Record<string, unknown>>() }
}

const bodyOf = ({ examples: [example] }: RouteContract) => JSON.stringify(example?.body ?? {})

const good = [
  'application/json',
  'Application/JSON',
  'application/json; charset=utf-8',
  'application/json;charset=UTF-8',
  'application/json ; charset="utf-8" ',
]
const bad = [
  'text/plain',
  'text/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'multipart/mixed',
  'application/octet-stream',
  'application/problem+json',
  'application/vnd.api+json',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/json-seq',
  'application/jsonp',
  'application/json; charset=latin1',
  'application/json; charset=utf-16',
  'application/json; charset=utf-8; charset=utf-16',
  'application/json; boundary=x',
  'application/json, text/plain',
  'text/plain; application/json',
  'application/*',
  '*/*',
  'application/ json',
  'json',
  ';',
  '',
]

describe.each(named(writing))('%s', (_, route) => {
  test('understands JSON in UTF-8, however its media type is written', async () => {
    for (const type of good) {
      const { status } = await send(route, bodyOf(route), { 'content-type': type })
      expect([type, [415, 500].includes(status)]).toEqual([type, false])
    }
  })

  test('refuses every other media type, and states the caller’s limit', async () => {
    for (const type of bad) {
      const reply = await send(route, bodyOf(route), { 'content-type': type })
      expect([type, reply.status, reply.body['code']]).toEqual([type, 415, 'unsupported_media_type'])
      expect(reply.headers).toHaveProperty('ratelimit')
      expect(reply.headers).toHaveProperty('ratelimit-policy')
      expect(reply.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    }
  })

  test('refuses a body without a media type, and a compressed one', async () => {
    expect(await send(route, bodyOf(route), {})).toMatchObject({ status: 415 })
    for (const encoding of ['gzip', 'br', 'deflate', 'gzip, identity']) {
      const headers = { 'content-type': 'application/json', 'content-encoding': encoding }
      expect(await send(route, bodyOf(route), headers)).toMatchObject({ status: 415 })
    }
  })

  test('takes no body for an empty one', async () => {
    for (const headers of [{}, { 'content-type': 'application/json' }] as Record<string, string>[]) {
      const { status, body } = await send(route, undefined, headers)
      expect([415, 500]).not.toContain(status)
      const isNeeded = !route.input.body.safeParse({}).success
      if (isNeeded) expect([status, body['code']]).toEqual([400, 'invalid'])
    }
  })
})

test.each([
  ['POST', '/v1/projects/smart_layer/openai/v1/chat/completions'],
  ['POST', '/v1/projects/smart_layer/openai/v1/audio/transcriptions'],
  ['POST', '/v1/projects/smart_layer/anthropic/v1/messages'],
  ['PUT', '/v1/projects/smart_layer/files/packed/content'],
] as const)('%s %s, whose body need not be JSON, refuses a compressed one as well', async (method, url) => {
  const key = await server.makeKey('smart_layer', ['model:call', 'file:write'])
  for (const encoding of ['gzip', 'zstd', 'gzip, identity']) {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-encoding': encoding }
    const response = await server.app.inject({ method, url, headers, payload: '{}' })
    expect([400, 415]).toContain(response.statusCode)
    expect(response.body).toContain('must not be compressed')
  }
})

test.each(named(writing.filter(({ input }) => hasFields(input.body))))(
  '%s refuses what is JSON in name only, and what is not an object',
  async (_, route) => {
    for (const text of ['{', '[]', 'null', '"x"', '7', '\uFEFF{}x', '{"a":1}{"a":1}', "{'a':1}", '{"__proto__":{}}']) {
      const reply = await send(route, text, { 'content-type': 'application/json' })
      expect([text, reply.status, reply.body['code']]).toEqual([text, 400, 'invalid'])
    }
  },
)

test('a refusal shows what was sent, at most 100 characters of it', async () => {
  const [route] = writing
  if (route === undefined) throw new Error('no route reads a body')
  const refuse = async (headers: Record<string, string>) => (await send(route, '{}', headers)).body['detail']
  expect(await refuse({ 'content-type': 'text/xml' })).toContain('"text/xml"')
  expect(await refuse({})).toContain('there is no Content-Type')
  expect(await refuse({ 'content-type': 'x'.repeat(5000) })).toHaveLength(
    (await refuse({ 'content-type': 'x'.repeat(200) }))?.toString().length ?? 0,
  )
  expect(await refuse({ 'content-type': 'application/json', 'content-encoding': 'br' })).toContain('"br"')
})

test('nothing of all this has broken the ledger', async () => {
  expect(await server.audit()).toMatchObject({ ok: true, violations: [] })
})
