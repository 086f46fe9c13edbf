import { createServer, Socket } from 'node:net'
import { silentLogger, systemClock } from '@core/foundation'
import { expect, test, vi } from 'vitest'
import { openDatabase } from '../src/index.ts'
import { contractFunctions } from '../src/testing/contract.ts'
import { createEmbeddedFolder, createTestDatabase, runSql } from '../src/testing/index.ts'

test('no connection carries anything over: no prepared statement, no setting', async () => {
  await using test = await createTestDatabase({ poolSize: 2 })
  await test.sql(contractFunctions)
  const claims = { role: 'core_member', project: 'contract', caps: ['contract:use'], sub: 'key:1' } as const
  await Promise.all(Array.from({ length: 20 }, () => test.database.call('contract_guarded', {}, { claims })))
  await test.sql(`
    create function core_api.contract_session() returns jsonb language sql as $$
      select jsonb_build_object(
        'prepared', (select count(*) from pg_prepared_statements),
        'settings', (select coalesce(jsonb_agg(name), '[]') from pg_settings where source = 'session'))
    $$`)
  const sessions = await Promise.all(Array.from({ length: 4 }, () => test.database.call('contract_session', {})))
  // Set by the statement itself, for as long as it runs.
  for (const session of sessions) expect(session).toEqual({ prepared: 0, settings: ['TimeZone'] })
  expect(
    await test.sql(`select state from pg_stat_activity where application_name = 'core' and datname = $1`, [test.name]),
  ).toEqual([{ state: 'idle' }, { state: 'idle' }])
})

test('times are in UTC, whatever time zone the host has set', async () => {
  await using test = await createTestDatabase({ empty: true })
  await test.sql(`alter database ${test.name} set timezone = 'America/Edmonton'`)
  await test.sql(`
    create schema core_api;
    create function core_api.contract_time() returns jsonb language sql as $$
      select jsonb_build_object('zone', current_setting('TimeZone'), 'at', timestamptz '2026-11-20 09:30:00Z') $$`)
  await using database = await openDatabase({ driver: 'postgres', url: test.url })
  expect(await database.call('contract_time', {})).toEqual({ zone: 'UTC', at: '2026-11-20T09:30:00+00:00' })
})

test('every connection asks after a minute of silence whether the other side is there: one that listens is silent for days', async () => {
  const asked = vi.spyOn(Socket.prototype, 'setKeepAlive')
  try {
    await using test = await createTestDatabase({ poolSize: 1 })
    await using _listening = await test.database.listen('core_key', () => {})
    await test.database.rpc('project_list', {})
    // Those of the tests' own connections have no delay.
    expect(asked.mock.calls.filter(([, delay]) => delay === 60_000).length).toBeGreaterThanOrEqual(2)
  } finally {
    asked.mockRestore()
  }
})

test('a statement that timed out is cancelled on the server and its connection is used again', async () => {
  await using test = await createTestDatabase({ poolSize: 1 })
  await test.sql(contractFunctions)
  const pids = () =>
    test.sql(`select pid from pg_stat_activity where application_name = 'core' and datname = $1`, [test.name])
  await test.database.call('contract_notes', {})
  const before = await pids()
  for (let round = 0; round < 3; round++) {
    const nap = test.database.call('contract_nap', { p_seconds: 30 }, { timeoutMs: 100 })
    await expect(nap).rejects.toMatchObject({ code: 'E_TIMEOUT' })
    const active = `select 1 from pg_stat_activity where state = 'active' and application_name = 'core' and datname = $1`
    await expect.poll(() => test.sql(active, [test.name]), { timeout: 30_000 }).toEqual([])
    expect(await test.database.call('contract_answer', { p_value: round })).toBe(round)
  }
  expect(await pids()).toEqual(before)
})

test('waiting for a connection counts against the deadline, and the one that comes late goes back', async () => {
  await using test = await createTestDatabase({ poolSize: 1 })
  await test.sql(contractFunctions)
  const nap = test.database.call('contract_nap', { p_seconds: 0.5 })
  await new Promise((resolve) => setTimeout(resolve, 50))
  await expect(test.database.call('contract_notes', {}, { timeoutMs: 100 })).rejects.toMatchObject({
    code: 'E_TIMEOUT',
  })
  await nap
  expect(await test.database.call('contract_notes', {})).toEqual([])
})

test('where the server has no connection left, statements wait for one that the pool has', async () => {
  await using test = await createTestDatabase({ empty: true })
  const role = `few_${test.name}`
  await test.sql(`
    create role ${role} login password 'few' connection limit 2;
    create schema core_api;
    create function core_api.contract_nap() returns jsonb language sql as $$
      select pg_sleep(0.01); select jsonb_build_object('pid', pg_backend_pid()) $$;
    grant usage on schema core_api to ${role}`)
  const url = new URL(test.url)
  url.username = role
  url.password = 'few'
  const warn = vi.fn()
  let aheadMs = 0
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs }
  const logger = { ...silentLogger, warn, child: () => logger }
  try {
    await using database = await openDatabase({ driver: 'postgres', url: url.href, poolSize: 10 }, { logger, clock })
    const nap = () => database.call('contract_nap', {})
    await nap()
    const pids = new Set<unknown>()
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(Array.from({ length: 60 }, nap))
      for (const answer of answers) pids.add(Object(answer).pid)
    }
    expect(pids.size).toBe(2)
    expect(database.load()).toMatchObject({ capacity: 2 })
    expect(warn).toHaveBeenCalledOnce()
    // It asks again after a while, when there may be more.
    await test.sql(`alter role ${role} connection limit 20`)
    aheadMs = 5_000
    await Promise.all(Array.from({ length: 60 }, nap))
    expect(database.load()).toMatchObject({ capacity: 10 })
  } finally {
    await test.sql(`drop owned by ${role}; drop role ${role}`)
  }
})

test('a server that takes connections and never answers is E_TIMEOUT within the deadline', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const address = silent.address()
  const port = typeof address === 'object' && address ? address.port : 0
  await using database = await openDatabase({ driver: 'postgres', url: `postgres://u:p@127.0.0.1:${port}/d` })
  const startedAt = performance.now()
  await expect(database.rpc('project_list', {}, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'E_TIMEOUT' })
  expect(performance.now() - startedAt).toBeLessThan(9_000)
  silent.close()
})

test('a wrong password is not tried again', async () => {
  await using test = await createTestDatabase()
  const url = new URL(test.url)
  url.password = 'wrong'
  await using database = await openDatabase({ driver: 'postgres', url: url.href })
  await expect(database.rpc('project_list', {})).rejects.toMatchObject({
    code: 'E_DATABASE_UNAVAILABLE',
    retryable: false,
  })
})

test('a database that is not migrated says so', async () => {
  await using test = await createTestDatabase({ empty: true })
  await expect(test.database.rpc('project_list', {})).rejects.toMatchObject({
    code: 'E_DATABASE_SCHEMA',
    fix: expect.stringContaining('core migrate up'),
  })
})

test.each(['postgres', 'embedded'] as const)('%s reports how long statements waited for their turn', async (driver) => {
  await using test = await createTestDatabase()
  const waits: number[] = []
  const onWait = (ms: number) => void waits.push(ms)
  await using folder = await createEmbeddedFolder()
  await using database = await openDatabase(
    driver === 'postgres' ? { driver, url: test.url, poolSize: 1 } : { driver, dataDir: folder.dataDir },
    { onWait },
  )
  const statements =
    driver === 'postgres' ? () => test.sql(contractFunctions) : () => runSql(database, contractFunctions)
  await statements()
  await database.call('contract_nap', { p_seconds: 0 })
  waits.length = 0
  await Promise.all(Array.from({ length: 3 }, () => database.call('contract_nap', { p_seconds: 0.2 })))
  const [first, second, third] = waits.toSorted((left, right) => left - right)
  expect(waits).toHaveLength(3)
  expect(first).toBeLessThan(150)
  expect(second).toBeGreaterThan(150)
  expect(third).toBeGreaterThan(350)
})

test('who leaves before a connection is free has waited, too', async () => {
  await using test = await createTestDatabase()
  await test.sql(contractFunctions)
  const waits: number[] = []
  const onWait = (ms: number) => void waits.push(ms)
  await using database = await openDatabase({ driver: 'postgres', url: test.url, poolSize: 1 }, { onWait })
  await database.call('contract_nap', { p_seconds: 0 })
  waits.length = 0
  const nap = database.call('contract_nap', { p_seconds: 0.5 })
  const late = database.call('contract_nap', { p_seconds: 0 }, { timeoutMs: 200 })
  await expect(late).rejects.toMatchObject({ code: 'E_TIMEOUT' })
  await nap
  expect(Math.max(...waits)).toBeGreaterThan(150)
})

/** An embedded database has no second connection to make the function with, and needs no more than its schema. */

test('a read-only server is unhealthy: it answers, and keeps nothing', async () => {
  await using test = await createTestDatabase({ poolSize: 1 })
  expect(await test.database.health()).toMatchObject({ status: 'up' })
  await test.sql(`alter database ${test.name} set default_transaction_read_only = on`)
  await using readOnly = await openDatabase({ driver: 'postgres', url: test.url })
  expect(await readOnly.health()).toMatchObject({ status: 'down', message: 'the database is read-only' })
})
