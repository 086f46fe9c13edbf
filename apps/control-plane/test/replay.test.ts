import { type RouteContract, routes } from '@core/api'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Mutation, mutations } from './mutations.ts'
import { openTestServer, type Send, type TestServer } from './test-server.ts'

/** What a client that heard nothing may rely on: the same request with the same key, on every route that takes one. */

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const all: readonly RouteContract[] = routes
const keyed = all.filter(({ idempotencyKey, isReadOnly }) => idempotencyKey !== 'none' && !isReadOnly)
/** Both do what is due by then: they have no first answer to give again, and seal nothing twice. */
const replaying = keyed.filter(
  ({ operation }) => !['sealLedger', 'rewrapSecrets', 'moveFiles', 'beginUpload'].includes(operation),
)

test('whatever is posted has a key', () => {
  const posts = all.filter(({ method, isReadOnly, isTraffic }) => method === 'POST' && !isReadOnly && !isTraffic)
  expect(posts.filter(({ idempotencyKey }) => idempotencyKey !== 'required')).toEqual([])
})

describe.each(replaying.map(({ operation }) => operation as Mutation))('%s', (operation) => {
  test('is answered again as the first time, and says that it is', async () => {
    const { method, path, body } = await mutations[operation](server)
    const options: Send = { key: server.owner, body, idempotencyKey: uuidv7() }
    const first = await server.send(method, path, options)
    // Whatever happens meanwhile does not show in it.
    await server.send('POST', '/v1/projects/smart_layer/charges', {
      key: server.owner,
      body: { account: 'smart_layer', amount: 1 },
    })
    const again = await server.send(method, path, options)
    expect(first.headers).not.toHaveProperty('idempotency-replayed')
    expect(again.headers).toHaveProperty('idempotency-replayed', 'true')
    expect(again.status).toBe(first.status)
    expect(again.text).toContain('"replayed":true')
    const asFirst = again.text.replaceAll('"replayed":true', '"replayed":false')
    expect(asFirst).toBe(first.text.replace(/"secret":"[^"]*"/, '"secret":null'))
  })
})

test('a batch of which a part is new is no replay', async () => {
  const charge = (key: string) => ({ op: 'charge', key, account: 'smart_layer', amount: 1 })
  const send = (...keys: string[]) =>
    server.send('POST', '/v1/projects/smart_layer/batches', { key: server.owner, body: { ops: keys.map(charge) } })
  await send('known')
  expect((await send('known')).headers).toHaveProperty('idempotency-replayed', 'true')
  expect((await send('known', 'new')).headers).not.toHaveProperty('idempotency-replayed')
})
