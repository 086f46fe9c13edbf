import { type RouteContract, routes, toLocation } from '@core/api'
import { isObject } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

/** What no JSON of Postgres holds as it was written is refused at its place, wherever it is in whichever body. */

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const placeholder = '@here@'
/** As they are in the text of a body. */
const bad = [
  '"\\u0000"',
  '"a\\ud83d"',
  '12345678901234567890',
  '-9007199254740993',
  '1e400',
  '4503599627370497.5',
  '1.00000000000000000001',
]

type Path = readonly (string | number)[]

const withBody: readonly RouteContract[] = routes.filter(({ input }) => Object.keys(input.body.shape).length > 0)

/** The places of an example's body that hold one value, and one deep inside each field that takes any JSON. */
function placesOf({ input, examples }: RouteContract): readonly Path[] {
  const body = examples.find((example) => example.body !== undefined)?.body ?? {}
  const open = Object.entries(input.body.shape).flatMap(([name, field]) =>
    field.safeParse({ deep: [{ x: 1 }] }).success ? [[name, 'deep', 0, 'x']] : [],
  )
  return [...leavesOf(body, []), ...open]
}

function leavesOf(value: unknown, path: Path): Path[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leavesOf(item, [...path, index]))
  if (isObject(value)) return Object.entries(value).flatMap(([name, item]) => leavesOf(item, [...path, name]))
  return path.length === 0 ? [] : [path]
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((part, step) => Object(part)[step], value)
}

/** The value with the placeholder at the path; what is not there is made. */
function place(value: unknown, [step, ...rest]: Path): unknown {
  if (step === undefined) return placeholder
  if (typeof step === 'number') {
    const items: unknown[] = Array.isArray(value) ? [...value] : []
    items[step] = place(items[step], rest)
    return items
  }
  const fields = isObject(value) ? value : {}
  return { ...fields, [step]: place(fields[step], rest) }
}

test('there are bodies to try', () => {
  expect(withBody.length).toBeGreaterThan(50)
})

test.each(withBody.map((route) => [route.operation, route] as const))('%s', async (_, route) => {
  const example = route.examples.find(({ body }) => body !== undefined)
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'project' ? 'smart_layer' : encodeURIComponent(example?.params?.[name] ?? 'smart_layer'),
  )
  // All of them where a number or anything may be, and in turns at the other places.
  for (const [index, where] of placesOf(route).entries()) {
    const text = JSON.stringify(place(example?.body ?? {}, where))
    const takesNumbers = where.includes('deep') || typeof valueAt(example?.body, where) === 'number'
    for (const value of takesNumbers ? bad : [bad[index % bad.length] ?? '']) {
      const body = text.replace(`"${placeholder}"`, value)
      const reply = await server.send(route.method, path, { key: server.owner, body, idempotencyKey: 'k' })
      const location = toLocation('body', where)
      expect(reply, `${body}: ${reply.text}`).toMatchObject({ status: 400, body: { code: 'invalid' } })
      const locations = (reply.body['errors'] as { location: string }[]).map((fault) => fault.location)
      expect(locations, body).toContain(location)
    }
  }
})

// The project is looked up before anything is read: an unknown one is not found.
const every: readonly RouteContract[] = routes
const inAddress = every.flatMap((route) => [
  ...Object.keys(route.input.params.shape).flatMap((name) =>
    name === 'project' ? [] : [{ route, part: 'path', name }],
  ),
  ...Object.keys(route.input.query.shape).map((name) => ({ route, part: 'query', name })),
])

test.each(inAddress)('$route.operation refuses a NUL in the $part at $name', async ({ route, part, name }) => {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, field: string) => {
    if (part === 'path' && field === name) return 'a%00b'
    return field === 'project' ? 'smart_layer' : encodeURIComponent(route.examples[0]?.params?.[field] ?? 'a')
  })
  const url = part === 'query' ? `${path}?${name}=a%00b` : path
  const { status, body } = await server.send(route.method, url, { key: server.owner, body: {}, idempotencyKey: 'k' })
  expect({ status, errors: body['errors'] }).toMatchObject({
    status: 400,
    errors: [expect.objectContaining({ location: `${part}.${name}` })],
  })
})
