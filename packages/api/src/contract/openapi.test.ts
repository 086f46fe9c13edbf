import { expect, test } from 'vitest'
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
