import { problemsOf, type RouteContract, routes, scopeNames } from '@core/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mutations } from './mutations.ts'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const project = '/v1/projects/smart_layer'
const charge = { account: 'smart_layer', amount: 1_000 }
const archive = () => server.send('PUT', `${project}/archive`, { key: server.owner, body: {} })
const restore = () => server.send('DELETE', `${project}/archive`, { key: server.owner })

test('an archived project’s keys are refused and its spending denied; its books stay, and restore brings all back', async () => {
  const { owner, keys, test } = server
  await server.send('POST', `${project}/accounts`, { key: owner, body: { account: 'smart_layer/cold', kind: 'user' } })
  const cold = { p_key: 'freeze', p_account: 'smart_layer/cold', p_status: 'frozen' }
  expect(await test.database.rpc('ledger_account_update', cold)).toMatchObject({ ok: true })
  expect(await server.send('POST', `${project}/charges`, { key: keys.smart_layer, body: charge })).toMatchObject({
    status: 201,
  })
  const hold = await server.send('POST', `${project}/holds`, { key: keys.smart_layer, body: charge })
  const balance = () => server.send('GET', `${project}/accounts/smart_layer/balance`, { key: owner })
  const before = (await balance()).body

  const archived = await archive()
  expect(archived).toMatchObject({ status: 200, body: { archivedAt: expect.any(String) } })
  expect((await archive()).body).toEqual(archived.body)

  // Its keys, also one that was remembered; people and tokens; the owner; and who needs no key.
  await expect
    .poll(() => server.send('GET', '/v1/me', { key: keys.smart_layer }))
    .toMatchObject({ status: 401, body: { reason: 'project_archived' } })
  expect(await server.send('POST', `${project}/charges`, { key: owner, body: charge })).toMatchObject({
    status: 409,
    body: { reason: 'project_archived', fix: expect.any(String) },
  })
  const direct = { p_account: 'smart_layer', p_amount: 1 }
  for (const name of ['ledger_charge', 'ledger_reserve'] as const) {
    expect(await test.database.rpc(name, { p_key: `direct-${name}`, ...direct })).toMatchObject({
      code: 'account_frozen',
    })
  }
  expect(await server.send('POST', `${project}/api-keys`, { key: owner, body: { name: 'late' } })).toMatchObject({
    status: 409,
  })

  // Its books.
  expect((await balance()).body).toMatchObject({ available: before['available'] })
  expect(await server.send('GET', `${project}/accounts/smart_layer/history`, { key: owner })).toMatchObject({
    status: 200,
  })
  const settle = { p_key: 'late', p_hold: String(hold.body['hold']), p_amount: 500 }
  expect(await test.database.rpc('ledger_settle', settle)).toMatchObject({ ok: true })
  const other = { account: 'manus_origin', amount: 1_000 }
  expect(
    await server.send('POST', '/v1/projects/manus_origin/charges', { key: keys.manus_origin, body: other }),
  ).toMatchObject({ status: 201 })

  expect(await restore()).toMatchObject({ status: 200, body: { archivedAt: null } })
  await expect.poll(() => server.send('GET', '/v1/me', { key: keys.smart_layer })).toMatchObject({ status: 200 })
  expect(await server.send('POST', `${project}/charges`, { key: keys.smart_layer, body: charge })).toMatchObject({
    status: 201,
  })
  const frozen = { ...charge, account: 'smart_layer/cold' }
  expect(await server.send('POST', `${project}/charges`, { key: keys.smart_layer, body: frozen })).toMatchObject({
    body: { code: 'account_frozen' },
  })
  expect(await server.audit()).toMatchObject({ ok: true, violations: [] })
})

test('only the owner archives and restores, and a foreign project looks like a missing one', async () => {
  const { database } = server.test
  const key = await server.makeKey('smart_layer', scopeNames)
  const send = (path: string, method = 'PUT') => server.send(method, `/v1/projects/${path}`, { key, body: {} })
  const refused = { status: 403, body: { code: 'forbidden', reason: 'owner_only' } }
  expect(await send('smart_layer/archive')).toMatchObject(refused)
  expect(await send('smart_layer/archive', 'DELETE')).toMatchObject(refused)
  // A member stays one when the keys are refused: it cannot undo what the owner did.
  const claims = { role: 'core_member', project: 'smart_layer', caps: [...scopeNames], sub: 'user:admin' } as const
  await archive()
  for (const name of ['project_archive', 'project_restore'] as const) {
    await expect(database.rpc(name, { p_name: 'smart_layer' }, { claims })).rejects.toMatchObject({
      code: 'E_FORBIDDEN',
      details: { reason: 'owner_only' },
    })
  }
  await expect(database.rpc('project_update', { p_name: 'smart_layer' }, { claims })).rejects.toMatchObject({
    details: { reason: 'project_archived' },
  })
  await restore()
  await expect.poll(() => send('smart_layer')).toMatchObject({ status: 200 })
  expect(await send('manus_origin/archive')).toMatchObject({ status: 404 })
  expect(await send('nowhere/archive')).toMatchObject({ status: 404 })
})

test('every change of an archived project answers with a problem that its route declares', async () => {
  const changes = routes.filter(
    (route): route is (typeof routes)[number] & { operation: keyof typeof mutations } =>
      route.operation in mutations && route.path.startsWith('/v1/projects/{project}/'),
  )
  const requests = []
  for (const route of changes) requests.push({ route, ...(await mutations[route.operation](server)) })
  await archive()
  try {
    const undeclared = []
    for (const { route, method, path, body } of requests) {
      const reply = await server.send(method, path, { key: server.owner, body })
      const declared: readonly string[] = problemsOf(route satisfies RouteContract)
      const code = String(reply.body['code'])
      if (reply.status >= 400 && !declared.includes(code)) undeclared.push(`${route.operation}: ${code}`)
    }
    expect(undeclared).toEqual([])
  } finally {
    await restore()
  }
})
