import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCore } from './core-here.ts'
import { type CoreResult, createRoom } from './core-process.ts'

let room: ReturnType<typeof createRoom>
let database: TestDatabase
beforeEach(async () => {
  room = createRoom()
  database = await createTestDatabase({ empty: true })
})
afterEach(async () => {
  await database.drop()
  room[Symbol.dispose]()
})

function migrate(...args: string[]): Promise<CoreResult> {
  return runCore(['migrate', ...args], { cwd: room.folder, env: { CORE_DATABASE_URL: database.url } })
}

test('up applies what is pending, with progress, and status follows it', async () => {
  const before = await migrate('status')
  expect(before.code).toBe(1)
  const { migrations } = JSON.parse(before.stdout)
  expect(new Set(migrations.map(({ state }: { state: string }) => state))).toEqual(new Set(['pending']))

  const up = await migrate('up')
  expect(up.code).toBe(0)
  expect(JSON.parse(up.stdout)).toMatchObject({ applied: { length: migrations.length }, total: migrations.length })
  expect(up.stderr).toContain(`${migrations.length}/${migrations.length} `)

  expect((await migrate('status')).code).toBe(0)
  expect(JSON.parse((await migrate('up')).stdout).applied).toEqual([])
})

test('reset needs --yes where the input is no terminal, names the database without its password, and changes nothing', async () => {
  await database.drop()
  database = await createTestDatabase()
  await database.sql(`insert into core.project (name) values ('kept')`)
  const { code, stderr } = await migrate('reset')
  expect(code).toBe(2)
  expect(stderr).toContain(database.name)
  expect(stderr).toContain('--yes')
  expect(stderr).not.toContain(new URL(database.url).password || 'no password')
  expect(await database.sql('select name from core.project')).toEqual([{ name: 'kept' }])
})

test('reset --yes recreates the schemas', async () => {
  await database.drop()
  database = await createTestDatabase()
  await database.sql(`insert into core.project (name) values ('gone')`)
  const { code, stdout } = await migrate('reset', '--yes')
  expect(code).toBe(0)
  expect(JSON.parse(stdout).total).toBeGreaterThan(5)
  expect(await database.sql('select name from core.project')).toEqual([])
  expect((await migrate('status')).code).toBe(0)
})

test('a database that is away is exit code 7', async () => {
  const env = { CORE_DATABASE_URL: 'postgres://stranger:secret@127.0.0.1:1/nothing' }
  const { code, stderr } = await runCore(['migrate', 'up'], { cwd: room.folder, env })
  expect(code).toBe(7)
  expect(stderr).not.toContain('secret')
})

test('status looks and makes nothing: a database that is not there has everything pending', async () => {
  const { code, stdout, stderr } = await runCore(['migrate', 'status'], { cwd: room.folder })
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('not made yet') })
  const { migrations } = JSON.parse(stdout)
  expect(migrations.length).toBeGreaterThan(5)
  expect(new Set(migrations.map(({ state }: { state: string }) => state))).toEqual(new Set(['pending']))
  expect(await readdir(room.folder)).toEqual([])
})

// From nothing, as `core start` does it, too: `start.test.ts`.
test('reset moves a data folder that cannot be opened aside, as the message that names it says, and migrates without a server', async () => {
  const dataDir = join(room.folder, '.core')
  await mkdir(join(dataDir, 'data'), { recursive: true })
  await writeFile(join(dataDir, 'data/PG_VERSION'), '17\n')
  const up = () => runCore(['migrate', 'up'], { cwd: room.folder })
  const refused = await up()
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('made by Postgres 17') })
  expect(refused.stderr).toContain('core migrate reset')

  const reset = await runCore(['migrate', 'reset', '--yes'], { cwd: room.folder })
  expect(reset.code, reset.stderr).toBe(0)
  const { aside, total } = JSON.parse(reset.stdout)
  expect(await readFile(join(aside, 'PG_VERSION'), 'utf8')).toBe('17\n')
  expect((await runCore(['migrate', 'status'], { cwd: room.folder })).code).toBe(0)
  const again = await up()
  expect(again.code).toBe(0)
  expect(JSON.parse(again.stdout)).toMatchObject({ applied: [], total })
})

test('a database of a newer Core is named as such, and left alone', async () => {
  await migrate('up')
  await database.sql(
    `insert into supabase_migrations.schema_migrations (version, name, statements) values
       ('20991231000000', 'note', array['create table core.note (id int)']),
       ('20991231000001', 'host', array['create table public.host (id int)'])`,
  )
  const up = await migrate('up')
  expect(up).toMatchObject({ code: 2, stderr: expect.stringContaining('newer version of Core: 20991231000000_note') })
  expect(up.stderr).toContain('Upgrade this Core')
  const status = await migrate('status')
  expect(JSON.parse(status.stdout)).toMatchObject({ newer: ['20991231000000_note'], foreign: ['20991231000001'] })
  expect(status.code).toBe(1)
})
