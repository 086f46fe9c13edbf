import { isObject } from '@core/foundation'
import { describe, expect, test } from 'vitest'
import { contentPaths } from '../file/content-openapi.ts'
import { problems } from '../nouns.ts'
import { gatewayRoutes } from '../router/gateway-routes.ts'
import { routes } from '../routes.ts'
import { toOpenApi } from './openapi.ts'
import type { RouteContract } from './route-contract.ts'

const document = toOpenApi(routes, { version: '1.2.3' })
const text = JSON.stringify(document)

test('every route is an operation with its scope, and every reference leads somewhere', () => {
  for (const { operation } of routes) expect(text).toContain(`"operationId":"${operation}"`)
  expect(document).toHaveProperty(
    ['paths', '/v1/projects/{project}/holds', 'post', 'security'],
    [{ key: ['ledger:spend'] }, { token: ['ledger:spend'] }],
  )
  expect(document).toHaveProperty(['paths', '/livez', 'get', 'security'], [])
  const references = new Set(text.match(/#\/[^"]+/g))
  expect(references.size).toBeGreaterThan(5)
  for (const reference of references) expect(document).toHaveProperty(reference.slice(2).split('/'))
})

test('answers declare the state of the caller’s limit, and when to retry', () => {
  const headersOf = (path: string, method: string, status: string) => {
    const response = ['paths', path, method, 'responses', status]
    const found = response.reduce<unknown>((node, name) => Reflect.get(Object(node), name), document)
    return Object.keys(Object(Reflect.get(Object(found), 'headers')))
  }
  const origin = 'Access-Control-Allow-Origin'
  const limits = ['RateLimit', 'RateLimit-Policy', origin]
  expect(headersOf('/v1/me', 'get', '200')).toEqual(limits)
  expect(headersOf('/v1/me', 'get', '401')).toEqual(limits)
  expect(headersOf('/v1/me', 'get', '429')).toEqual([...limits, 'Retry-After'])
  expect(headersOf('/v1/me', 'get', '503')).toEqual([origin, 'Retry-After'])
  expect(headersOf('/v1/projects/{project}/holds', 'post', '201')).toEqual([
    ...limits,
    'Idempotency-Replayed',
    'Location',
  ])
  expect(headersOf('/livez', 'get', '200')).toEqual([origin])
})

test('a body with only optional fields may be left out, others not', () => {
  const body = (path: string) => ['paths', path, 'post', 'requestBody', 'required']
  expect(document).toHaveProperty(body('/v1/projects/{project}/holds/{id}/void'), false)
  expect(document).toHaveProperty(body('/v1/projects/{project}/holds'), true)
})

test('basis points have one name in routes and events', () => {
  expect([...new Set(text.match(/"\w+Bp"/g))]).toEqual([])
  expect(text).toContain('"thresholdBasisPoints"')
})

test('times have one form in all examples: UTC, with the offset +00:00', () => {
  const times = text.match(/(?<=")\d{4}-\d\d-\d\dT[^"]*/g) ?? []
  expect(times.length).toBeGreaterThan(50)
  expect(times.filter((time) => !/T\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00$/.test(time))).toEqual([])
})

test('what a 201 made has an address that can be read, or is an entry of the journal', () => {
  const all: readonly RouteContract[] = routes
  const shape = (path: string) => path.replaceAll(/\{\w+\}/g, '{}')
  const readable = all.filter(({ method }) => method === 'GET').map(({ path }) => shape(path))
  const making = all.filter(({ outputs }) => outputs[201] !== undefined)
  const entries = ['chargeCredits', 'grantCredits', 'transferCredits', 'refundCharge', 'refundHold', 'openSession']
  expect(
    making
      .filter(({ location }) => location === undefined)
      .map(({ operation }) => operation)
      .toSorted(),
  ).toEqual(entries.toSorted())
  for (const { location } of making) if (location !== undefined) expect(readable).toContain(shape(location))
})

test('the frames of the WebSocket are schemas of the document', () => {
  const at = ['paths', '/v1/realtime', 'get', 'x-websocket']
  expect(document).toHaveProperty([...at, 'client', '$ref'], '#/components/schemas/RealtimeClientFrame')
  expect(document).toHaveProperty([...at, 'server', '$ref'], '#/components/schemas/RealtimeServerFrame')
  expect(document).toHaveProperty(['components', 'schemas', 'RealtimeServerFrame', 'oneOf'])
  expect(document).not.toHaveProperty(['paths', '/v1/realtime', 'get', 'responses', '101', 'content'])
})

test('no schema has the name of a class that every program has: a generated type of that name would hide it', () => {
  const { schemas } = Object(Object(document)['components'])
  expect(Object.keys(schemas)).toContain('StoredFile')
  expect(Object.keys(schemas).filter((name) => name in globalThis)).toEqual([])
})

test('the document is plain JSON', () => {
  expect(JSON.parse(text)).toEqual(document)
  expect(text).not.toContain('$defs')
})

test('what can be edited takes If-Match and answers 412; what is read has an ETag and answers 304', () => {
  const edit = ['paths', '/v1/projects/{project}/accounts/{code}', 'patch']
  const read = ['paths', '/v1/projects/{project}/accounts/{code}', 'get']
  expect(document).toHaveProperty(
    [...edit, 'parameters'],
    expect.arrayContaining([expect.objectContaining({ name: 'If-Match', in: 'header', required: false })]),
  )
  expect(document).toHaveProperty([...edit, 'responses', '412'])
  expect(document).toHaveProperty([...read, 'responses', '304', 'headers', 'ETag'])
  expect(document).toHaveProperty([...read, 'responses', '200', 'headers', 'ETag'])
  expect(document).not.toHaveProperty(['paths', '/v1/me', 'get', 'responses', '304'])
  // A malformed If-None-Match is refused, also where nothing else can be malformed.
  expect(document).toHaveProperty(['paths', '/v1/projects', 'get', 'responses', '400'])
})

interface Body {
  readonly content?: Readonly<Record<string, { readonly schema?: Readonly<Record<string, unknown>> }>>
}

interface Operation {
  readonly operationId: string
  readonly parameters?: readonly { name: string; in: string; schema: { type?: string; format?: string } }[]
  readonly requestBody?: Body
  readonly responses: Readonly<Record<string, Body>>
}

describe('what generators of clients in other languages cannot use is not there', () => {
  const whole = toOpenApi(routes, { version: '1.2.3', gateway: gatewayRoutes, paths: contentPaths })
  const paths: Record<string, Record<string, Operation>> = Object(whole['paths'])
  const operations = Object.values(paths).flatMap((path) => Object.values(path))
  const nodes = [...nodesOf(whole, '')]

  test('no value that can only be null: that is no type', () => {
    const nulls = nodes.filter(({ node, at }) => node['type'] === 'null' && !/\/(anyOf|oneOf)\/\d+$/.test(at))
    expect(nulls.map(({ at }) => at)).toEqual([])
  })

  test('no choice between two texts', () => {
    const isText = (option: unknown) => Object(option).type === 'string'
    const choices = nodes.filter(({ node: { anyOf } }) => Array.isArray(anyOf) && anyOf.filter(isText).length > 1)
    expect(choices.map(({ at }) => at)).toEqual([])
    const [day] = nodes.filter(({ node }) => node['name'] === 'from' && node['in'] === 'query')
    const pattern = new RegExp(Object(day?.node['schema']).pattern)
    for (const text of ['2026-11-20', '2026-11-20T09:30:00Z']) expect(text).toMatch(pattern)
    for (const text of ['2026-13-20', '2026-11-20T09:30', 'x2026-11-20']) expect(text).not.toMatch(pattern)
  })

  test('no default that is an object: Java has no way to write it, Go makes no client', () => {
    const objects = nodes.filter(({ node }) => isObject(node['default']))
    expect(objects.map(({ at }) => at)).toEqual([])
  })

  test('no form of which more than its parts is said: Go makes no client', () => {
    const forms = nodes.filter(({ at }) => at.endsWith('multipart/form-data/schema'))
    expect(forms).not.toEqual([])
    expect(forms.filter(({ node }) => 'additionalProperties' in node)).toEqual([])
  })

  test('no body without a name or a schema: generators would invent one, or fail', () => {
    const bodies = operations.flatMap(({ operationId, requestBody, responses }) =>
      [requestBody, ...Object.values(responses)].flatMap((body) =>
        Object.entries(body?.content ?? {}).map(([type, { schema }]) => ({ at: `${operationId} ${type}`, schema })),
      ),
    )
    expect(bodies.length).toBeGreaterThan(1000)
    const isStream = (at: string) => / text\/(event-stream|html)$/.test(at)
    expect(bodies.filter(({ at, schema }) => schema === undefined && !isStream(at))).toEqual([])
    const isClosed = (schema: unknown) => Object(schema).additionalProperties === false
    const answers = operations.flatMap(({ operationId, responses }) =>
      Object.values(responses).map(({ content }) => ({ operationId, schema: content?.['application/json']?.schema })),
    )
    expect(answers.filter(({ schema }) => isClosed(schema))).toEqual([])
    expect(whole).toHaveProperty(
      ['components', 'schemas', 'ListHoldsAnswer', 'properties', 'page', '$ref'],
      '#/components/schemas/Page',
    )
  })

  test('no object of which nothing is said: that is one without members', () => {
    const bare = nodes.filter(
      ({ node }) => node['type'] === 'object' && !('properties' in node || 'additionalProperties' in node),
    )
    expect(bare.map(({ at }) => at)).toEqual([])
  })

  test('members with a default may be left out: the schema of a request is in its place', () => {
    const [reserve] = operations.filter(({ operationId }) => operationId === 'reserveHold')
    expect(reserve?.requestBody).toHaveProperty(['content', 'application/json', 'schema', 'properties', 'ttlSeconds'])
  })

  test('no two names that become one where a constructor is New and the name, or case does not count', () => {
    const names = Object.keys(Object(Object(whole['components'])['schemas']))
    expect(names.filter((name) => names.includes(`New${name}`))).toEqual([])
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length)
  })

  test('content and forms of files are bytes', () => {
    const schemaOf = (operation: string, type: string) =>
      operations.find(({ operationId }) => operationId === operation)?.requestBody?.content?.[type]?.schema
    const bytes = { type: 'string', format: 'binary' }
    expect(schemaOf('uploadFile', 'application/octet-stream')).toEqual(bytes)
    expect(schemaOf('createTranscription', 'multipart/form-data')).toMatchObject({
      properties: { file: bytes },
      required: ['file', 'model'],
    })
  })

  test('the cursor of a page is what page.next of the one before is: a text without a format', () => {
    const cursors = operations.flatMap(({ operationId, parameters = [] }) =>
      parameters
        .filter(({ name }) => name === 'cursor')
        .map(({ schema: { type, format = '' } }) => `${operationId} ${type}${format}`),
    )
    expect(cursors.length).toBeGreaterThan(25)
    expect(cursors.filter((cursor) => !cursor.endsWith(' string'))).toEqual([])
  })

  test('no header that HTTP clients write themselves: browsers and Java refuse to have it set', () => {
    const theirs = ['content-length', 'host', 'connection', 'transfer-encoding', 'expect', 'date', 'te', 'trailer']
    const headers = operations.flatMap(({ operationId, parameters = [] }) =>
      parameters.filter((field) => field.in === 'header').map(({ name }) => `${operationId} ${name.toLowerCase()}`),
    )
    expect(headers.length).toBeGreaterThan(50)
    expect(headers.filter((header) => theirs.includes(header.split(' ')[1] ?? ''))).toEqual([])
  })

  test('a failure that is described by its code has a code of the problems', () => {
    const texts = Object.values(contentPaths).flatMap((path) =>
      Object.values(path).flatMap((operation) => Object.entries(Object(operation)['responses'])),
    )
    const codes = texts
      .filter(([status]) => Number(status) >= 400)
      .map(([, response]) => Object(response).description.split(':')[0])
    for (const code of new Set(codes)) expect(problems).toHaveProperty(code)
  })
})

function* nodesOf(node: unknown, at: string): Generator<{ node: Record<string, unknown>; at: string }> {
  if (Array.isArray(node)) for (const [index, each] of node.entries()) yield* nodesOf(each, `${at}/${index}`)
  if (!isObject(node)) return
  yield { node, at }
  for (const [name, value] of Object.entries(node)) yield* nodesOf(value, `${at}/${name}`)
}
