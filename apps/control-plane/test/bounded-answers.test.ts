import { type RouteContract, routes } from '@core/api'
import { silentLogger } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { openTestServer, type TestServer, unlimited } from './test-server.ts'

/** Whatever is sent, the answer to it is small, and a caller without a credential is counted. */

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const maxAnswerBytes = 16_384
const many = 8000
const unknownNames = Object.fromEntries(Array.from({ length: many }, (_, index) => [`a${index.toString(36)}`, 1]))
const twentyUnknown = Object.fromEntries(Object.entries(unknownNames).slice(0, 20))
const longName = { ['x'.repeat(100_000)]: 1 }

/** A fault of each item would be far more than an answer may hold. One route takes ten times as many: seconds of CPU. */
const manyItems = { numbers: 2_000, objects: 60 }
const mostItems = { numbers: 20_000, objects: 300 }

/** The worst bodies of a route: unknown names, a long one, and each list with wrong items. */
function worstBodies({ input, operation }: RouteContract): object[] {
  const lists = Object.entries(input.body.shape).filter(([, field]) => isList(field))
  const { numbers, objects } = operation === 'createProject' ? mostItems : manyItems
  return [
    unknownNames,
    longName,
    ...lists.flatMap(([name]) => [
      { [name]: Array.from({ length: numbers }, () => 1) },
      { [name]: Array.from({ length: objects }, () => twentyUnknown) },
    ]),
  ]
}

function isList(field: unknown): boolean {
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault) return isList(field.unwrap())
  return field instanceof z.ZodArray
}

const withBody = routes.filter(({ method }) => method !== 'GET')

test.each(withBody.map((route) => [route.operation, route] as const))(
  '%s answers the worst body briefly',
  async (_, route) => {
    const path = route.path.replace('{project}', 'smart_layer').replaceAll(/\{\w+\}/g, 'smart_layer')
    for (const body of worstBodies(route)) {
      const reply = await server.send(route.method, path, { key: server.owner, body, idempotencyKey: 'k' })
      expect(reply.status).toBeGreaterThanOrEqual(400)
      expect(reply.status).toBeLessThan(500)
      expect(Buffer.byteLength(reply.text)).toBeLessThan(maxAnswerBytes)
      const { errors } = z.looseObject({ errors: z.array(z.unknown()) }).parse(reply.body)
      expect(errors.length).toBeLessThanOrEqual(20)
    }
  },
)

test('the answer says how many more faults there are', async () => {
  const reply = await server.send('POST', '/v1/projects/smart_layer/holds', { key: server.owner, body: unknownNames })
  expect(reply.body['detail']).toMatch(new RegExp(`and ${many - 1} more$`)) // and account and amount are missing
})

test('a call of a function that does not exist repeats a few of its arguments', async () => {
  const reply = await server.send('POST', '/rest/v1/rpc/nothing', {
    key: server.owner,
    body: { ...unknownNames, ...longName },
    headers: { 'content-profile': 'core_api' },
  })
  expect(reply.status).toBe(404)
  expect(Buffer.byteLength(reply.text)).toBeLessThan(maxAnswerBytes)
})

test('a query of many names is answered briefly, and counted on probes too', async () => {
  const few = { requests: 4, windowSeconds: 60 }
  await using own = await openTestServer(silentLogger, { ...unlimited, anonymous: few })
  const query = Array.from({ length: 2000 }, (_, index) => index).join('&')
  const statuses: number[] = []
  for (const path of ['/livez', '/readyz', '/livez', '/docs', '/livez']) {
    const reply = await own.send('GET', `${path}?${query}`)
    statuses.push(reply.status)
    expect(Buffer.byteLength(reply.text)).toBeLessThan(maxAnswerBytes)
  }
  expect(statuses).toEqual([400, 400, 400, 400, 429])
  expect((await own.send('GET', '/livez')).status).toBe(200)
})

test('refusals before and beside the routes are counted by address', async () => {
  const few = { requests: 2, windowSeconds: 60 }
  for (const [method, path, status] of [
    ['GET', '/v1/%zz', 400],
    ['DELETE', '/v1/me', 405],
    ['PUT', '/rest/v1/rpc/x', 405],
    ['GET', '/nowhere', 404],
  ] as const) {
    await using own = await openTestServer(silentLogger, { ...unlimited, anonymous: few })
    const statuses = [1, 2, 3].map(async () => (await own.send(method, path)).status)
    expect((await Promise.all(statuses)).toSorted()).toEqual([status, status, 429].toSorted())
  }
})
