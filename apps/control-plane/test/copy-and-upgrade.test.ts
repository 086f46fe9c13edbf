import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '@core/database'
import { copyDatabase, migrateStatus, migrateUp, migrationsFolder } from '@core/database/migrate'
import {
  createTestDatabase,
  prepareEmbeddedFolder,
  runSql,
  type TestDatabase,
  untilFinal,
} from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mutations } from './mutations.ts'
import { openTestServer, type TestServer } from './test-server.ts'

/** A database with what every mutation of every noun leaves. */
let server: TestServer
let folder: string
const made: TestDatabase[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-copy-'))
  server = await openTestServer()
  for (const prepare of Object.values(mutations)) {
    const { method, path, body } = await prepare(server)
    await server.send(method, path, { key: server.owner, body })
  }
  await sealRows(server.test)
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  for (const database of made) await database.drop()
  await rm(folder, { recursive: true, force: true })
})

async function sealRows(test: TestDatabase): Promise<void> {
  await untilFinal(test) // the server is shared with the tests beside this one
  await test.database.rpc('ledger_seal', {})
}

async function make(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const test = await createTestDatabase(options)
  made.push(test)
  return test
}
const makeDatabase = async (options: { empty?: boolean } = {}) => (await make(options)).database

/** Rows of each table; the audit log has one more for the end of a copy. */
async function countRows(database: Database): Promise<Readonly<Record<string, string | null>>> {
  const [tables] = await runSql(
    database,
    `select string_agg(format('select %L as name, count(*) from core.%I', relname, relname), ' union all ' order by relname) as sql
     from pg_class where relnamespace = 'core'::regnamespace and relkind = 'r' and relpersistence = 'p' and relname <> 'audit'`,
    [],
  )
  const rows = await runSql(database, tables?.['sql'] ?? '', [])
  return Object.fromEntries(rows.map(({ name, count }) => [name ?? '', count ?? null]))
}

test('a copy has every row of every noun, a clean audit and the same seal: to a folder, and back to a server', {
  timeout: 180_000,
}, async () => {
  const source = server.test.database
  const before = await countRows(source)
  expect(Object.values(before).filter((count) => count !== '0').length).toBeGreaterThan(30)

  const dataDir = join(folder, 'data')
  await prepareEmbeddedFolder(dataDir)
  await using embedded = await openDatabase({ driver: 'embedded', dataDir, timeoutMs: 60_000 })
  const there = await copyDatabase({ from: source, to: embedded })
  expect(await countRows(embedded)).toEqual(before)
  expect(there.left).toEqual([])

  const back = await makeDatabase()
  const copied = await copyDatabase({ from: embedded, to: back })
  expect(await countRows(back)).toEqual(before)
  expect(copied).toMatchObject({ rows: there.rows + 1, sealHead: there.sealHead }) // the end of the first copy is in its audit log

  // The copy continues: numbers, keys and the seal.
  const charge = { p_account: 'smart_layer', p_amount: 7, p_key: 'after the copy' }
  expect(await back.rpc('ledger_charge', charge)).toMatchObject({ ok: true, replayed: false })
  expect(await back.rpc('ledger_seal', {})).toMatchObject({ ok: true })
  expect(await back.rpc('ledger_verify', {})).toMatchObject({ valid: true })
  expect(await back.rpc('ledger_audit', {})).toMatchObject({ clean: true })
})

test('a target that is in use is refused, and nothing is written', async () => {
  const target = await makeDatabase()
  await target.rpc('project_register', { p_name: 'resident' })
  const before = await countRows(target)
  await expect(copyDatabase({ from: server.test.database, to: target })).rejects.toMatchObject({ code: 'E_CONFLICT' })
  expect(await countRows(target)).toEqual(before)
})

test('books that do not fit are named: the copy of a source whose seal is broken', async () => {
  const broken = await makeDatabase()
  await copyDatabase({ from: server.test.database, to: broken })
  await runSql(
    broken,
    `alter table core.ledger_seal disable trigger user;
     update core.ledger_seal set hash = sha256('forged') where id = (select max(id) from core.ledger_seal);
     alter table core.ledger_seal enable trigger user`,
  )
  await expect(copyDatabase({ from: broken, to: await makeDatabase() })).rejects.toMatchObject({
    code: 'E_CONFLICT',
    details: { reason: 'books', isClean: true, isSealed: false },
  })
})

test('a target in use of an older version is not migrated before it is refused, nor one for a source without data', async () => {
  const older = await makeDatabase()
  await older.rpc('project_register', { p_name: 'resident' })
  await runSql(
    older,
    `delete from supabase_migrations.schema_migrations
     where version = (select max(version) from supabase_migrations.schema_migrations)`,
    [],
  )
  const from = server.test.database
  await expect(copyDatabase({ from, to: older })).rejects.toMatchObject({ details: { reason: 'target_in_use' } })
  const { migrations } = await migrateStatus({ database: older })
  expect(migrations.filter(({ state }) => state === 'pending')).toHaveLength(1)

  const empty = await makeDatabase({ empty: true })
  await expect(copyDatabase({ from: await makeDatabase({ empty: true }), to: empty })).rejects.toMatchObject({
    code: 'E_NOT_FOUND',
  })
  expect(await runSql(empty, `select to_regnamespace('core')::text as name`, [])).toEqual([{ name: null }])
})

test('the database of an older state, which lacks tables and columns, is copied as far as it goes', async () => {
  const older = await makeDatabase()
  await copyDatabase({ from: server.test.database, to: older })
  await runSql(
    older,
    `drop table core.insight_decision, core.insight cascade;
     alter table core.project drop column capabilities cascade;
     alter table core.project add column mood text default 'calm';
     create table core.forgotten (id int)`,
  )
  const target = await makeDatabase()
  const { left } = await copyDatabase({ from: older, to: target })
  expect(left).toEqual(['forgotten', 'project.mood'])
  expect(await target.rpc('insight_list', { p_project: 'smart_layer' })).toMatchObject({ insights: [] })
  expect(await target.rpc('ledger_audit', {})).toMatchObject({ clean: true })
})

test('rows of the first pre-release are given what they lack and sealed again; a source that lacks more is refused', async () => {
  const source = await make()
  const older = source.database
  await copyDatabase({ from: server.test.database, to: older })
  const opening = { p_account: 'smart_layer/early', p_key: 'early' }
  expect(await older.rpc('ledger_account_open', { ...opening, p_kind: 'user' })).toMatchObject({ ok: true })
  await runSql(
    older,
    `alter table core.ledger_tx disable trigger user;
     update core.ledger_tx set request = request - '{debt_limit,over_bp}'::text[], result = result - '{debt_limit,over_bp}'::text[]
     where op like 'account_%';
     alter table core.ledger_tx enable trigger user;
     alter table core.ledger_hold drop column above cascade, drop column uncollected cascade, drop column over_bp cascade,
       drop column part_from cascade, drop column part_to cascade;
     alter table core.ledger_account drop column status_by cascade, drop column netted cascade, drop column debt_limit cascade,
       drop column over_bp cascade;
     alter table core.ledger_tx drop column above cascade, drop column uncollected cascade, drop column captured_from cascade;
     alter table core.ledger_window drop column recounted cascade, drop column limit_amount cascade, drop column passed_on cascade,
       drop column head cascade;
     alter table core.ledger_budget drop column set_by cascade;
     alter table core.project drop column archived_at cascade;
     alter sequence core.journal_id rename to ledger_tx_id;
     create or replace function core.ledger_fold(p_previous bytea, p_from xid8, p_to xid8, p_rows int default null,
       p_bytes bigint default null, out hash bytea, out last_xid xid8, out first_tx bigint, out last_tx bigint, out count int)
     language sql stable as $$
       select sha256(p_previous || coalesce(string_agg(t.id::text || t.request::text, ',' order by t.id), '')::bytea),
         (array_agg(t.xid order by t.xid desc))[1], min(t.id), max(t.id), count(*)::int
       from core.ledger_tx t where t.xid >= p_from and t.xid < p_to
     $$;
     alter table core.ledger_seal disable trigger user;
     delete from core.ledger_seal;
     alter table core.ledger_seal enable trigger user`,
  )
  await sealRows(source)
  const target = await makeDatabase()
  const { sealedAgain, sealHead } = await copyDatabase({ from: older, to: target })
  expect(sealedAgain).toBe(true)
  expect(await target.rpc('ledger_verify', {})).toMatchObject({ valid: true, head: sealHead, blocks: 1 })
  const [holds] = await runSql(target, 'select count(*) from core.ledger_hold where over_bp = 10000', [])
  expect(Number(holds?.['count'])).toBeGreaterThan(0)
  const headsOf = (database: Database) =>
    runSql(database, 'select budget_id, period_start, head from core.ledger_window order by 1, 2', [])
  expect(await headsOf(target)).toEqual(await headsOf(server.test.database))
  const charge = { p_account: 'smart_layer', p_amount: 7, p_key: 'later' }
  expect(await target.rpc('ledger_charge', charge)).toMatchObject({ ok: true })
  expect(await target.rpc('ledger_audit', {})).toMatchObject({ clean: true })
  const again = (more: object) => target.rpc('ledger_account_open', { ...opening, p_kind: 'user', ...more })
  expect(await again({})).toMatchObject({ ok: true, replayed: true, debt_limit: 0, over_bp: 10_000 })
  await expect(again({ p_debt_limit: 1 })).rejects.toMatchObject({ code: 'E_IDEMPOTENCY_MISMATCH' })

  await runSql(older, 'alter table core.ledger_hold drop column expires_at cascade', [])
  await expect(copyDatabase({ from: older, to: await makeDatabase() })).rejects.toMatchObject({
    code: 'E_CONFLICT',
    details: { reason: 'column_missing', table: 'ledger_hold', column: 'expires_at' },
  })
  await runSql(
    older,
    `alter table core.ledger_seal disable trigger user; update core.ledger_seal set hash = sha256('forged')`,
  )
  await expect(copyDatabase({ from: older, to: await makeDatabase() })).rejects.toMatchObject({
    details: { reason: 'books', isSealed: false },
  })
})

test('a later release migrates the data of this one: it adds, changes and keeps', async () => {
  const database = await makeDatabase()
  await copyDatabase({ from: server.test.database, to: database })
  const before = await countRows(database)
  const later = join(folder, 'migrations')
  await cp(migrationsFolder(), later, { recursive: true })
  await writeFile(
    join(later, '20991231000000_core_later.sql'),
    `alter table core.project add column motto text;
     comment on column core.project.motto is 'What it lives by.';
     create function core_api.project_motto(p_project text) returns jsonb
     language sql stable security definer set search_path = pg_catalog, pg_temp as $$
       select jsonb_build_object('ok', true, 'motto', motto) from core.project where name = p_project
     $$;
     revoke execute on function core_api.project_motto from public;
     grant execute on function core_api.project_motto to core_member, service_role;`,
  )
  const { applied } = await migrateUp({ database, folder: later })
  expect(applied).toHaveLength(1)
  expect(await countRows(database)).toEqual(before)
  expect(await database.call('project_motto', { p_project: 'smart_layer' })).toEqual({ ok: true, motto: null })
  expect(await database.rpc('ledger_audit', {})).toMatchObject({ clean: true })
  expect(await database.rpc('ledger_verify', {})).toMatchObject({ valid: true })
  // This release sees that the database is ahead of it.
  expect((await migrateStatus({ database })).newer).toEqual(['20991231000000_core_later'])
})
