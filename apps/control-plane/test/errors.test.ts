import { CoreError, silentLogger, uuidv7 } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openErrorTracker } from '../src/observe/error-tracker.ts'
import { startLoop } from '../src/process/loop.ts'
import { joinReports, reportFailures } from '../src/process/loop-report.ts'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(async () => {
  await server.errors.flush()
  await server.test.sql('truncate core.error_group')
})

const alerts = (key = server.keys.smart_layer) => server.send('GET', '/v1/projects/current/alerts', { key })

/** Makes the alerts' function answer with something that does not fit the contract. */
async function whileBroken<Value>(work: () => Promise<Value>): Promise<Value> {
  await server.test.sql(`
    alter function core_api.ledger_alerts rename to ledger_alerts_kept;
    create function core_api.ledger_alerts(p_after bigint default 0, p_limit int default 100) returns jsonb
      language sql as $$ select '{"ok": true, "alerts": [{"id": "ck_live_secret"}]}'::jsonb $$`)
  try {
    return await work()
  } finally {
    await server.test.sql(`
      drop function core_api.ledger_alerts;
      alter function core_api.ledger_alerts_kept rename to ledger_alerts`)
  }
}

test('an unexpected failure is grouped by fingerprint and project, with the last request’s id', async () => {
  const replies = await whileBroken(async () => {
    const mine = [await alerts(), await alerts(), await alerts()]
    await alerts(server.keys.manus_origin)
    return mine
  })
  expect(replies.map(({ status }) => status)).toEqual([500, 500, 500])
  await server.errors.flush()
  const { status, body } = await server.send('GET', '/v1/projects/smart_layer/errors', { key: server.owner })
  expect(status).toBe(200)
  expect(body['data']).toEqual([
    expect.objectContaining({
      project: 'smart_layer',
      kind: 'request',
      name: 'CoreError',
      code: 'E_INTERNAL',
      place: 'GET /v1/projects/{project}/alerts',
      status: 'open',
      count: 3,
      lastRequestId: replies[2]?.body['instance'],
      lastVersion: '0.0.0',
      message: 'ledger_alerts answered in a form that this version of Core does not know',
      frames: expect.arrayContaining([expect.stringMatching(/^\w+ apps\/control-plane\/src\/http\/routes$/)]),
    }),
  ])
  expect(JSON.stringify(body)).not.toContain('ck_live')
  const all = await server.send('GET', '/v1/system/errors', { key: server.owner })
  expect(all.body['data']).toHaveLength(2)
})

test('refusals, denials and a database that is away are no faults', async () => {
  const key = server.keys.smart_layer
  await server.send('POST', '/v1/projects/current/charges', { key, body: { account: 'smart_layer', amount: -1 } })
  await server.send('POST', '/v1/projects/current/charges', { key, body: { account: 'smart_layer', amount: 2 ** 50 } })
  await server.send('GET', '/nowhere')
  await server.errors.flush()
  expect((await server.send('GET', '/v1/system/errors', { key: server.owner })).body['data']).toEqual([])
})

test('a group that is resolved opens again when it is met again; one that is ignored stays so', async () => {
  await whileBroken(alerts)
  await server.errors.flush()
  const list = async (query = '') =>
    (await server.send('GET', `/v1/projects/smart_layer/errors${query}`, { key: server.owner })).body['data'] as {
      id: string
      status: string
      count: number
      resolvedBy: string | null
    }[]
  const [group] = await list()
  const mark = (status: string, key = server.owner) =>
    server.send('PATCH', `/v1/projects/smart_layer/errors/${group?.id}`, { key, body: { status } })
  expect(await mark('resolved')).toMatchObject({ status: 200, body: { status: 'resolved', resolvedBy: 'owner' } })
  expect(await list('?status=open')).toEqual([])
  await new Promise((resolve) => setTimeout(resolve, 20))
  await whileBroken(alerts)
  await server.errors.flush()
  expect(await list('?status=open')).toMatchObject([{ id: group?.id, count: 2 }])
  await mark('ignored')
  await whileBroken(alerts)
  await server.errors.flush()
  expect(await list()).toMatchObject([{ status: 'ignored', count: 3, resolvedBy: null }])
})

test('a project sees and marks only its own; failures without a project are the owner’s', async () => {
  await whileBroken(() => alerts(server.keys.manus_origin))
  server.errors.record({ error: new Error('x'), kind: 'loop', place: 'seal', project: null, requestId: null })
  await server.errors.flush()
  const { body } = await server.send('GET', '/v1/system/errors', { key: server.owner })
  const groups = body['data'] as { id: string; project: string | null }[]
  expect(groups.map(({ project }) => project).toSorted()).toEqual(['manus_origin', null])
  const key = await server.makeKey('smart_layer', ['error:read', 'error:write'])
  expect((await server.send('GET', '/v1/projects/current/errors', { key })).body['data']).toEqual([])
  expect(await server.send('GET', '/v1/system/errors', { key })).toMatchObject({
    status: 404,
    body: { code: 'not_found' },
  })
  for (const { id } of groups) {
    const change = { key, body: { status: 'ignored' } }
    expect(await server.send('PATCH', `/v1/projects/current/errors/${id}`, change)).toMatchObject({ status: 404 })
    expect(await server.send('PATCH', `/v1/system/errors/${id}`, change)).toMatchObject({ status: 404 })
    const own = await server.send('PATCH', `/v1/system/errors/${id}`, { ...change, key: server.owner })
    expect(own).toMatchObject({ status: 200, body: { status: 'ignored' } })
  }
})

test('pages follow each other without a gap or a repetition', async () => {
  for (let index = 0; index < 25; index++) {
    const error = new CoreError('E_INTERNAL', 'x', { details: { sqlstate: `X${index}` } })
    server.errors.record({ error, kind: 'loop', place: 'x', project: null, requestId: null })
  }
  await server.errors.flush()
  const seen: string[] = []
  let cursor = ''
  for (;;) {
    const { body } = await server.send('GET', `/v1/system/errors?limit=10${cursor}`, { key: server.owner })
    const { data, page } = body as { data: { code: string }[]; page: { next: string | null } } & typeof body
    seen.push(...data.map(({ code }) => code))
    if (page.next === null) break
    cursor = `&cursor=${page.next}`
  }
  expect(new Set(seen).size).toBe(25)
  expect(seen).toHaveLength(25)
})

test('several processes add up, and what could not be written is written later', async () => {
  const clock = createFakeClock(Date.now())
  let isAway = true
  const database: typeof server.test.database = {
    ...server.test.database,
    rpc: (name, args, options) =>
      isAway
        ? Promise.reject(new CoreError('E_DATABASE_UNAVAILABLE', 'gone'))
        : server.test.database.rpc(name, args, options),
  }
  const open = () => openErrorTracker({ database, version: '1', logger: silentLogger, clock })
  await using first = open()
  await using second = open()
  const failure = new Error('the same')
  const met = { error: failure, kind: 'loop', place: 'seal', project: null, requestId: null } as const
  for (let index = 0; index < 3; index++) first.record(met)
  await expect(first.flush()).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
  first.record(met)
  second.record(met)
  isAway = false
  await Promise.all([first.flush(), second.flush()])
  await first.flush()
  expect(await server.test.sql('select count::int, place from core.error_group')).toEqual([{ count: 5, place: 'seal' }])
})

test('whatever a failure says, it is kept, and so are the others', async () => {
  const { database } = server.test
  await using tracker = openErrorTracker({ database, version: '1', logger: silentLogger })
  const record = (error: unknown, place: string) =>
    tracker.record({ error, kind: 'loop', place, project: null, requestId: null })
  record(Object.assign(new Error('a\0b'), { name: 'C\0D', code: 'E\0F' }), 'nul')
  record(Object.assign(new Error('\ud83d'), { name: '\udc00', code: '\ud800' }), 'half')
  record(`${'a '.repeat(249)}${'\u{1f600}'.repeat(300)}`, 'cut') // the cut goes through the first of them
  record('plain', 'plain')
  await tracker.flush()
  expect(await server.test.sql('select place, name, message from core.error_group order by place')).toMatchObject([
    { place: 'cut' },
    { place: 'half', name: '\ufffd', message: '\ufffd' },
    { place: 'nul', name: 'CD', message: 'ab' },
    { place: 'plain', message: 'plain' },
  ])
})

test('a flush ends after the write that had begun before it', async () => {
  const write = Promise.withResolvers<void>()
  const database: typeof server.test.database = {
    ...server.test.database,
    rpc: async (name, args, options) => {
      await write.promise
      return server.test.database.rpc(name, args, options)
    },
  }
  await using errors = openErrorTracker({ database, version: '1', logger: silentLogger })
  errors.record({ error: new Error('x'), kind: 'loop', place: 'seal', project: null, requestId: null })
  const first = errors.flush()
  let isWritten = false
  const second = errors.flush().then(() => {
    expect(isWritten).toBe(true)
  })
  void first.then(() => {
    isWritten = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  write.resolve()
  await Promise.all([first, second])
})

test('a process remembers so many kinds of failures and no more', async () => {
  const errors = openErrorTracker({ database: server.test.database, version: '1', logger: silentLogger })
  for (let index = 0; index < 2000; index++) {
    const error = new CoreError('E_INTERNAL', 'x', { details: { sqlstate: `${index}` } })
    errors.record({ error, kind: 'loop', place: 'x', project: null, requestId: null })
  }
  await errors[Symbol.asyncDispose]()
  expect(await server.test.sql('select count(*)::int from core.error_group')).toEqual([{ count: 500 }])
})

test('a background loop that fails is a group; closing writes what is left', async () => {
  const errors = openErrorTracker({ database: server.test.database, version: '1', logger: silentLogger })
  const loop = startLoop({
    name: 'sweep',
    everyMs: 1,
    work: () => Promise.reject(new Error(`failed with ${uuidv7()}`)),
    logger: silentLogger,
    report: joinReports(undefined, reportFailures(errors)),
  })
  await new Promise((resolve) => setTimeout(resolve, 100))
  await loop[Symbol.asyncDispose]()
  await errors[Symbol.asyncDispose]()
  const rows = await server.test.sql(
    'select kind, place, message, count::int > 1 as often, project from core.error_group',
  )
  expect(rows).toEqual([{ kind: 'loop', place: 'sweep', message: 'failed with [id]', often: true, project: null }])
})

test('groups are forgotten when they were not met for long', async () => {
  await server.test.sql(`insert into core.error_group (fingerprint, kind, name, place, frames, message, count, first_seen, last_seen)
    select lpad(to_hex(n), 32, '0'), 'loop', 'Error', 'x', '[]', 'x', 1, now(), now() - n * interval '1 day'
    from generate_series(1, 60) n`)
  expect(await server.test.database.rpc('error_trim', { p_keep: '30 days' })).toEqual({ ok: true, trimmed: 31 })
  await expect(server.test.database.rpc('error_trim', { p_keep: '1 second' })).rejects.toMatchObject({
    code: 'E_INVALID',
  })
})
