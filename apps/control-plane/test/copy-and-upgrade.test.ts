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

test('a copy that is ended in the middle leaves nothing, and works when it is repeated', async () => {
  const [source, target] = [await makeDatabase(), await makeDatabase()]
  await source.rpc('project_register', { p_name: 'keeper' })
  const before = await countRows(target)
  const ending = new AbortController()
  const onProgress = (table: string) => table === 'project' && ending.abort()
  await expect(copyDatabase({ from: source, to: target, onProgress, signal: ending.signal })).rejects.toThrow()
  expect(await countRows(target)).toEqual(before)
  await copyDatabase({ from: source, to: target })
  expect(await countRows(target)).toEqual(await countRows(source))
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

/** What copies of one database agree on, by table: every row as text. */
async function readRows(database: Database, columns: Readonly<Record<string, string>>) {
  const read: Record<string, readonly (string | null | undefined)[]> = {}
  for (const [table, names] of Object.entries(columns)) {
    const rows = await runSql(database, `select row(${names})::text as line from core.${table} order by 1`, [])
    read[table] = rows.map(({ line }) => line)
  }
  return read
}

test('rows of a later pre-release are given what they lack, under the same seal', async () => {
  const source = await make()
  const older = source.database
  const p_project = 'keeper'
  await older.rpc('project_register', { p_name: p_project })
  const account = { p_account: p_project, p_kind: 'project' }
  await older.rpc('ledger_account_open', { p_key: 'open', ...account })
  await older.rpc('ledger_grant', { p_key: 'grant', p_account: p_project, p_amount: 1_000 })
  const budget = { p_account: p_project, p_name: 'daily', p_period: 'day', p_limit: 100 }
  await older.rpc('ledger_budget_set', { p_key: 'budget', ...budget })
  await older.rpc('ledger_charge', { p_key: 'charge', p_account: p_project, p_amount: 5 })
  await older.rpc('task_enqueue', { p_queue: 'q', p_tasks: [{ key: 'once', kind: 'k' }], p_project })
  const space = { p_space: 'docs', p_project }
  await older.rpc('embedding_space_open', { ...space, p_provider: 'hash', p_model: 'hash', p_dims: 64 })
  await older.rpc('embedding_upsert', {
    ...space,
    p_items: [{ document: 'page', ordinal: 0, content: 'Spend offline.' }],
  })
  const vectors = { p_model: 'hash', p_dims: 2, p_hashes: ['a'.repeat(64)], p_vectors: ['[0.6,0.8]'], p_project }
  await older.rpc('embedding_cache_put_many', vectors)
  await sealRows(source)
  const derived = {
    ledger_window: 'budget_id, period_start, head',
    task_key: 'project, key, task',
    embedding_tenant: 'space, tenant, items',
    embedding_cache_size: 'project, vectors',
  }
  const [rows, before] = [await readRows(older, derived), await countRows(older)]
  expect(Object.values(rows).map((lines) => lines.length)).toEqual([1, 1, 1, 1])
  await runSql(
    older,
    `alter table core.ledger_window drop column head cascade;
     drop table core.task_key, core.embedding_tenant, core.embedding_cache_size cascade;
     drop table core.insight_decision, core.insight cascade;
     alter table core.manifest_state add column last_beat_at timestamptz`,
  )
  const target = await makeDatabase()
  const { left, sealedAgain } = await copyDatabase({ from: older, to: target })
  expect({ left, sealedAgain }).toEqual({ left: ['manifest_state.last_beat_at'], sealedAgain: false })
  expect(await readRows(target, derived)).toEqual(rows)
  expect(await countRows(target)).toEqual({ ...before, insight: '0', insight_decision: '0' })
  expect(await target.rpc('insight_list', { p_project: 'smart_layer' })).toMatchObject({ insights: [] })
})

test('a source that is newer, or holds what this version does not know, is refused, and nothing is written', async () => {
  const source = await makeDatabase()
  await source.rpc('project_register', { p_name: 'keeper' })
  await source.rpc('member_set', { p_project: 'keeper', p_subject: 'user:ada', p_role: 'viewer' })
  const target = await makeDatabase()
  const before = await countRows(target)
  for (const [add, remove, unknown] of [
    ['create table core.later (id int)', 'drop table core.later', 'later'],
    ['alter table core.project add column mood text', 'alter table core.project drop column mood', 'project.mood'],
  ] as const) {
    await runSql(source, add)
    const details = { reason: 'source_unknown', unknown: [unknown] }
    await expect(copyDatabase({ from: source, to: target })).rejects.toMatchObject({ code: 'E_CONFLICT', details })
    expect(await countRows(target)).toEqual(before)
    await runSql(source, remove)
  }
  // A row that this version does not take, as a foreign program may have written it.
  await runSql(
    source,
    `alter table core.member drop constraint member_role_known; update core.member set role = 'king'`,
  )
  const row = { code: 'E_CONFLICT', details: { reason: 'row_refused', table: 'member' } }
  await expect(copyDatabase({ from: source, to: target })).rejects.toMatchObject(row)
  expect(await countRows(target)).toEqual(before)

  const [empty, foreign] = [await makeDatabase({ empty: true }), await makeDatabase({ empty: true })]
  await runSql(foreign, 'create schema core; create table core.customer (id int)')
  await runSql(
    source,
    `insert into supabase_migrations.schema_migrations (version, name, statements)
     values ('20991231000000', 'core_later', '{create table core.later (id int)}')`,
  )
  for (const [from, refusal] of [
    [source, { code: 'E_DATABASE_SCHEMA', details: { reason: 'database_newer' } }],
    [foreign, { code: 'E_NOT_FOUND' }],
  ] as const) {
    await expect(copyDatabase({ from, to: empty })).rejects.toMatchObject(refusal)
    expect(await runSql(empty, `select to_regnamespace('core')::text as name`, [])).toEqual([{ name: null }])
  }
})

/** Work above, beyond and after its holds, debt and a window that took over: what 0.1.0 kept in other columns. */
async function workBeyondHolds({ rpc }: Database, sql: (text: string) => Promise<unknown>): Promise<void> {
  let n = 0
  const key = () => `beyond ${n++}`
  const open = async (p_account: string, amount: number, more: object = {}) => {
    await rpc('ledger_account_open', { p_key: key(), p_account, p_kind: 'user', ...more })
    await rpc('ledger_grant', { p_key: key(), p_account, p_amount: amount })
    return p_account
  }
  const reserve = async (p_account: string, p_amount: number, p_over: string) =>
    String(Object(await rpc('ledger_reserve', { p_key: key(), p_account, p_amount, p_over })).hold)
  const settle = async (p_hold: string, p_amount: number) =>
    Number(Object(await rpc('ledger_settle', { p_key: key(), p_hold, p_amount })).tx)

  const debtor = await open('smart_layer/debtor', 1_000, { p_debt_limit: 500 })
  const budget = { p_account: debtor, p_name: 'daily', p_period: 'day', p_limit: 10_000, p_carry_cap: 5_000 }
  await rpc('ledger_budget_set', { p_key: key(), ...budget })
  await rpc('ledger_charge', { p_key: key(), p_account: debtor, p_amount: 100 })
  await sql(
    `update core.ledger_window w set period_start = w.period_start - interval '1 day', period_end = w.period_end - interval '1 day',
       head = core.ledger_window_head(b, a.code, w.period_start - interval '1 day', w.period_end - interval '1 day')
     from core.ledger_budget b join core.ledger_account a on a.id = b.account_id where b.id = w.budget_id and a.code = '${debtor}'`,
  )
  await sql(
    `update core.ledger_tx t set window_starts = array[t.window_starts[1] - interval '1 day'] || t.window_starts[2:]
     from core.ledger_account a where a.id = t.account_id and a.code = '${debtor}' and t.op = 'charge'`,
  )
  const above = await reserve(debtor, 100, 'overflow')
  await rpc('ledger_capture', { p_key: key(), p_hold: above, p_amount: 30 })
  const charge = await settle(above, 150)
  for (const p_amount of [20, 100]) await rpc('ledger_refund', { p_key: key(), p_tx: charge, p_amount })
  const late = await reserve(debtor, 50, 'overflow')
  await rpc('ledger_capture', { p_key: key(), p_hold: late, p_amount: 10 })
  await sql(`update core.ledger_hold set expires_at = clock_timestamp() - interval '1 second' where id = '${late}'`)
  await rpc('ledger_expire_due', {})
  await settle(late, 30)
  await settle(await reserve(debtor, 600, 'overflow'), 1_000)
  await settle(await reserve(await open('smart_layer/capped', 100), 100, 'cap'), 500)
}

test('rows of the first pre-release are given what they lack and sealed again; a source that lacks more is refused', async () => {
  const source = await make()
  const older = source.database
  await copyDatabase({ from: server.test.database, to: older })
  const opening = { p_account: 'smart_layer/early', p_key: 'early' }
  expect(await older.rpc('ledger_account_open', { ...opening, p_kind: 'user' })).toMatchObject({ ok: true })
  await runSql(older, 'alter table core.ledger_tx disable trigger user')
  await workBeyondHolds(older, (text) => runSql(older, text, []))
  expect(await older.rpc('ledger_audit', {})).toMatchObject({ clean: true })
  const kept = {
    ledger_hold: 'id, status, amount, captured, above, uncollected, released',
    ledger_tx: "id, amount, above, uncollected, case when above > 0 and op <> 'refund' then budget_ids end",
    ledger_window: 'budget_id, period_start, spent, held, carried, limit_amount, passed_on, head',
    ledger_alert: 'kind, budget_id, threshold_bp, account_id, hold, uncollected, project, tx_id, created_at',
    root_name: 'name, noun',
  }
  const before = await readRows(older, kept)
  const counts = await countRows(older)
  await runSql(
    older,
    `update core.ledger_tx set request = request - '{debt_limit,over_bp}'::text[], result = result - '{debt_limit,over_bp}'::text[]
     where op like 'account_%';
     update core.ledger_tx set budget_ids = null, window_starts = null where op in ('capture', 'settle', 'lease_report');
     alter table core.ledger_tx enable trigger user;
     update core.ledger_hold set captured = captured + above;
     alter table core.ledger_hold drop column above cascade, drop column uncollected cascade, drop column over_bp cascade,
       drop column part_from cascade, drop column part_to cascade;
     alter table core.ledger_account drop column status_by cascade, drop column netted cascade, drop column debt_limit cascade,
       drop column over_bp cascade;
     alter table core.ledger_tx drop column above cascade, drop column uncollected cascade, drop column captured_from cascade;
     alter table core.ledger_window drop column recounted cascade, drop column limit_amount cascade, drop column passed_on cascade,
       drop column head cascade;
     alter table core.ledger_budget drop column set_by cascade;
     alter table core.ledger_alert disable trigger user;
     delete from core.ledger_alert where kind = 'uncollected';
     alter table core.ledger_alert enable trigger user, drop column kind cascade, drop column account_id cascade,
       drop column hold cascade, drop column uncollected cascade;
     alter table core.project drop column archived_at cascade;
     drop table core.root_name;
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
  expect(await readRows(target, kept)).toEqual(before)
  // Sealing is an event.
  expect(await countRows(target)).toEqual({ ...counts, ledger_seal: '1', event: expect.any(String) })
  const owes = await runSql(
    target,
    `select code, debt_limit, over_bp from core.ledger_account where debt_limit > 0`,
    [],
  )
  expect(owes).toEqual([{ code: 'smart_layer/debtor', debt_limit: '200', over_bp: '10000' }])
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
