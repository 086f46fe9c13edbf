import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { uuidv7 } from '@core/foundation'
import { createSealer } from '@core/foundation/seal'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Finding } from '../src/doctor/finding.ts'
import { runCore } from './core-here.ts'
import { createRoom, type RunningCoreProcess, startCoreProcess } from './core-process.ts'

let room: ReturnType<typeof createRoom>
const open: { end(): unknown }[] = []
beforeEach(() => {
  room = createRoom()
})
afterEach(async () => {
  for (const { end } of open.splice(0)) await end()
  room[Symbol.dispose]()
})

/** What the doctor says, by check; exit code 1 exactly where there is a fault. */
async function examine(env: Record<string, string> = {}): Promise<Map<string, Finding>> {
  const { code, stdout, stderr } = await runCore(['doctor'], {
    cwd: room.folder,
    env: { CORE_HTTP_PORT: `${await freePort()}`, ...env },
  })
  expect(stderr).toBe('')
  const { healthy, findings }: { healthy: boolean; findings: Finding[] } = JSON.parse(stdout)
  expect(code).toBe(healthy ? 0 : 1)
  expect(healthy).toBe(findings.every(({ status }) => status !== 'fault'))
  // Each fault and warning comes with its fix.
  for (const { status, fix } of findings) expect(fix !== undefined).toBe(status === 'fault' || status === 'warning')
  return new Map(findings.map((finding) => [finding.check, finding]))
}

describe('before the first start', () => {
  test('nothing is wrong, and the doctor makes no files in the folder it looks at', async () => {
    const findings = await examine()
    expect([...findings.values()].filter(({ status }) => status === 'fault')).toEqual([])
    expect(findings.get('node')).toMatchObject({ status: 'ok', detail: process.versions.node })
    expect(findings.get('data folder')?.detail).toContain('will be made by the first start')
    expect(findings.get('control plane')).toMatchObject({ status: 'warning', fix: 'core start' })
    expect(existsSync(join(room.folder, '.core'))).toBe(false)
  })
})

describe('while a control plane runs', () => {
  const itsRoom = createRoom()
  let running: RunningCoreProcess
  beforeAll(async () => {
    running = await startCoreProcess({ cwd: itsRoom.folder })
  })
  afterAll(async () => {
    await running?.stop()
    itsRoom[Symbol.dispose]()
  })
  /** From the folder it was started in. */
  const beside = (env: Record<string, string> = {}) =>
    examine({ CORE_DATA_DIR: join(itsRoom.folder, '.core'), CORE_HTTP_PORT: new URL(running.url).port, ...env })

  test('it is found on its port, ready, and the owner key fits', async () => {
    const findings = await beside()
    expect(findings.get('port')?.detail).toContain('a control plane listens')
    expect(findings.get('control plane')).toMatchObject({ status: 'ok' })
    expect(findings.get('database')).toMatchObject({ status: 'skipped' })
    expect(findings.get('owner key')).toMatchObject({ status: 'ok', detail: expect.stringContaining('owner-key') })
  })

  test('a key that is not the owner’s is a warning, an unknown one a fault', async () => {
    const project = await beside({ CORE_KEY: running.keys['smart_layer'] ?? '' })
    expect(project.get('owner key')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('smart_layer'),
    })
    const unknown = await beside({ CORE_KEY: `${running.keys['smart_layer']}x` })
    expect(unknown.get('owner key')).toMatchObject({ status: 'fault' })
  })

  test('on another port, the database it has open is named with its process', async () => {
    const findings = await beside({ CORE_HTTP_PORT: `${await freePort()}` })
    expect(findings.get('database')).toMatchObject({
      status: 'fault',
      detail: expect.stringContaining(`${running.pid}`),
    })
    expect(findings.get('migrations')).toMatchObject({ status: 'skipped' })
  })
})

describe('the surroundings', () => {
  test('every fault of the configuration is a finding of its own', async () => {
    const { stdout, code } = await runCore(['doctor'], {
      cwd: room.folder,
      env: { CORE_HTTP_PORT: '70000', CORE_LOG_LEVEL: 'loud' },
    })
    expect(code).toBe(1)
    const faults = JSON.parse(stdout).findings.filter(({ status }: Finding) => status === 'fault')
    expect(faults.map(({ detail }: Finding) => detail)).toEqual([
      expect.stringContaining('CORE_HTTP_PORT'),
      expect.stringContaining('CORE_LOG_LEVEL'),
    ])
  })

  test('a misspelt variable is a warning', async () => {
    const findings = await examine({ CORE_DATADIR: 'x' })
    expect(findings.get('configuration')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('CORE_DATADIR'),
    })
  })

  test('a port that another program has is named with that program', async () => {
    const port = await freePort()
    const server = await listen(port)
    open.push({ end: () => server.close() })
    const finding = (await examine({ CORE_HTTP_PORT: `${port}` })).get('port')
    expect(finding).toMatchObject({ status: 'fault' })
    if (process.platform === 'linux') expect(finding?.detail).toContain(`process ${process.pid}`)
  })

  test('an address this machine does not have', async () => {
    const findings = await examine({ CORE_HTTP_HOST: '192.0.2.1' })
    expect(findings.get('port')).toMatchObject({ status: 'fault', detail: expect.stringContaining('EADDRNOTAVAIL') })
  })

  test('a file where the data folder should be', async () => {
    writeFileSync(join(room.folder, '.core'), '')
    expect((await examine()).get('data folder')).toMatchObject({
      status: 'fault',
      detail: expect.stringContaining('is a file'),
    })
  })

  test('a profile that others may read', async () => {
    const file = join(room.folder, '.config/core/profile.json')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, '{}')
    chmodSync(file, 0o644)
    expect((await examine()).get('profile')).toMatchObject({ status: 'fault', fix: `Run: chmod 600 ${file}` })
  })
})

describe('a Postgres server', () => {
  let database: TestDatabase
  const url = (env: Record<string, string> = {}) => ({ CORE_DATABASE_URL: database.url, ...env })
  beforeEach(async () => {
    database = await createTestDatabase()
    open.push({ end: () => database.drop() })
  })

  test('that is migrated and reachable is well, but has no owner key yet', async () => {
    const findings = await examine(url())
    expect(findings.get('database')).toMatchObject({
      status: 'ok',
      detail: expect.stringMatching(/^postgres, Postgres \d+.*ms$/),
    })
    expect(findings.get('migrations')).toMatchObject({ status: 'ok' })
    expect(findings.get('clock')).toMatchObject({ status: 'ok' })
    expect(findings.get('time zones')?.detail).toMatch(/time zone data of different age: [A-Z]|is as new as/)
    expect(findings.get('extensions')).toMatchObject({ status: 'ok' })
    // The server of the tests is fast and forgets what it acknowledged when it crashes.
    expect(findings.get('settings')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('fsync = off'),
    })
    expect(findings.get('owner key')).toMatchObject({ status: 'warning' })
    expect((await examine(url({ CORE_OWNER_KEY: 'a'.repeat(32) }))).get('owner key')).toMatchObject({ status: 'ok' })
  })

  test('with a route of models whose provider is gone, or whose model was never priced', async () => {
    const { rpc } = database.database
    expect((await examine(url())).get('model routes')).toMatchObject({ status: 'ok', detail: 'there are none' })
    await rpc('route_set', { p_name: 'fast', p_targets: [{ provider: 'local' }, { provider: 'opneai', model: 'gpt' }] })
    expect((await examine(url({ OPENAI_API_KEY: 'sk-test' }))).get('model routes')).toMatchObject({
      status: 'fault',
      detail: 'fast: there is no provider opneai',
      fix: expect.stringContaining('Did you mean openai? Providers: local, openai.'),
    })
    await rpc('route_set', { p_name: 'fast', p_targets: [{ provider: 'openai', model: 'gpt' }] })
    expect((await examine(url({ OPENAI_API_KEY: 'sk-test' }))).get('model routes')).toMatchObject({ status: 'fault' })
    const rates = [{ unit: 'input', nanoUsdPerMillion: 1 }]
    await rpc('price_set', { p_provider: 'openai', p_model: 'gpt', p_rates: rates })
    expect((await examine(url({ OPENAI_API_KEY: 'sk-test' }))).get('model routes')).toMatchObject({ status: 'ok' })
  })

  test('whose settings give wrong answers', async () => {
    await database.sql(`alter database ${database.name} set default_transaction_isolation = serializable`)
    const setting = 'default_transaction_isolation'
    expect((await examine(url())).get('settings')).toMatchObject({
      status: 'fault',
      detail: expect.stringContaining(`${setting} = serializable`),
      fix: expect.stringContaining(`set ${setting} = 'read committed'`),
    })
  })

  test('whose settings keep the room of deleted rows', async () => {
    await database.sql(`alter database ${database.name} set track_counts = off`)
    const detail = expect.stringContaining('deleted rows is never used again: track_counts = off')
    expect((await examine(url())).get('settings')).toMatchObject({ status: 'warning', detail })
  })

  test('with migrations pending', async () => {
    await database.sql(`delete from supabase_migrations.schema_migrations
      where version = (select max(version) from supabase_migrations.schema_migrations)`)
    const findings = await examine(url())
    expect(findings.get('migrations')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('1 pending'),
    })
    expect(findings.get('owner key')).toMatchObject({ status: 'skipped' })
  })

  test('made by other versions of the migrations', async () => {
    await database.sql(`update supabase_migrations.schema_migrations set statements = '{select 1}'
      where version = (select max(version) from supabase_migrations.schema_migrations)`)
    expect((await examine(url())).get('migrations')).toMatchObject({
      status: 'fault',
      fix: expect.stringContaining('core database copy'),
    })
  })

  test('that does not answer', async () => {
    const port = await freePort()
    const findings = await examine({ CORE_DATABASE_URL: `postgres://a:b@127.0.0.1:${port}/c` })
    expect(findings.get('database')).toMatchObject({
      status: 'fault',
      fix: expect.stringContaining('CORE_DATABASE_URL'),
    })
    expect(findings.get('database')?.detail).not.toContain('b@')
  })
})

function listen(port: number): Promise<Server> {
  const server = createServer()
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)))
}

async function freePort(): Promise<number> {
  const server = await listen(0)
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  return address.port
}

describe('what is sealed', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database.drop())
  const [mine, theirs] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64')) as [string, string]
  const withKeys = async (keys?: string) =>
    (await examine({ CORE_DATABASE_URL: database.url, ...(keys !== undefined && { CORE_SECRETS_KEY: keys }) })).get(
      'secrets',
    )

  test('without a key, sealed with an older one, and with none that opens them', async () => {
    expect(await withKeys()).toMatchObject({ status: 'warning', fix: expect.stringContaining('CORE_SECRETS_KEY') })
    expect(await withKeys(mine)).toMatchObject({ status: 'ok' })
    const version = uuidv7()
    const p_sealed = createSealer([mine]).seal([null, 'OPENAI', version], 'value')
    await database.database.rpc('secret_put', { p_name: 'OPENAI', p_version: version, p_sealed })
    expect(await withKeys(mine)).toMatchObject({ status: 'ok' })
    expect(await withKeys(`${theirs},${mine}`)).toMatchObject({
      status: 'warning',
      fix: expect.stringContaining('rewrap'),
    })
    expect(await withKeys(theirs)).toMatchObject({ status: 'fault', detail: 'no key opens OPENAI' })
    expect(await withKeys()).toMatchObject({ status: 'fault', detail: 'no key opens OPENAI' })
  })
})
