import { type RouteContract, routes } from '@core/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toBasePath } from '../src/http/location-path.ts'
import { mutations } from './mutations.ts'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const all: readonly RouteContract[] = routes
const operations = new Map(Object.entries(mutations))

test.each(all.filter(({ outputs }) => outputs[201] !== undefined).map((route) => [route.operation, route] as const))(
  '%s answers with the address of what it made, if that can be read',
  async (operation, { location }) => {
    const request = await operations.get(operation)?.(server)
    if (request === undefined) throw new Error(`there is no example of ${operation}`)
    const made = await server.send(request.method, request.path, { key: server.owner, body: request.body })
    expect(made.status, made.text).toBe(201)
    if (location === undefined) return expect(made.headers).not.toHaveProperty('location')
    const address = String(made.headers['location'])
    expect(address).toMatch(/^\/v1\//)
    expect(await server.send('GET', address, { key: server.owner })).toMatchObject({ status: 200 })
  },
)

test('an address names the project, however the request named it', async () => {
  const body = { account: 'smart_layer', amount: 5 }
  const made = await server.send('POST', '/v1/projects/current/holds', { key: server.keys.smart_layer, body })
  expect(made.headers).toMatchObject({ location: `/v1/projects/smart_layer/holds/${made.body['hold']}` })
})

test.each([
  [undefined, ''],
  ['https://example.com', ''],
  ['https://example.com/core/', '/core'],
])('below the public address %s it begins with %j', (publicUrl, expected) => {
  expect(toBasePath(publicUrl)).toBe(expected)
})
