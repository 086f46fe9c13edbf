import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '@core/database'
import { requireFinishedRestore } from '@core/database/migrate'
import {
  createTestDatabase,
  openEmbeddedDatabase,
  type PostgresServer,
  runSql,
  startPostgresServer,
  untilFinal,
} from '@core/database/testing'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'

/** Numbers that a fresh cluster does not reach within this test, as a cluster of some age would have given out. */
const AGE = 10_000_000

interface Source {
  database: Database
  sql(text: string, params?: readonly string[]): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

const sources: Record<string, () => Promise<Source>> = {
  'a database of another server': async () => {
    const { database, sql, drop } = await createTestDatabase()
    return { database, sql, close: drop }
  },
  'an embedded database': async () => {
    const database = await openEmbeddedDatabase()
    return { database, sql: (text, params = []) => runSql(database, text, params), close: () => database.close() }
  },
}

/** What pg_dump and psql would do: every row of core and the positions of the sequences. */
async function copyData(source: Source, to: pg.Client): Promise<void> {
  const tables = await source.sql(
    `select oid::regclass::text as name from pg_class where relnamespace = 'core'::regnamespace and relkind = 'r'`,
  )
  await to.query('set session_replication_role = replica')
  for (const { name } of tables) await to.query(`truncate ${name} cascade`)
  for (const { name } of tables) {
    const [found] = await source.sql(`select coalesce(jsonb_agg(to_jsonb(t)), '[]')::text as rows from ${name} t`)
    await to.query(
      `insert into ${name} overriding system value select * from jsonb_populate_recordset(null::${name}, $1)`,
      [found?.['rows']],
    )
  }
  for (const {
    name,
    value,
  } of await source.sql(`select format('%I.%I', schemaname, sequencename) as name, last_value::text as value
      from pg_sequences where schemaname = 'core' and last_value is not null`)) {
    await to.query('select setval($1::regclass, $2::bigint)', [name, value])
  }
  await to.query('set session_replication_role = origin')
}

/** Has its own numbers, and a database for each source. */
let server: PostgresServer
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-restore-'))
  server = await startPostgresServer({ folder, apart: true, migrated: true })
})
afterAll(() => server?.stop())

describe.each(Object.entries(sources))('the books of %s, copied to a fresh one,', (name, open) => {
  let from: Source
  let target: Database
  let client: pg.Client
  let keys = 0

  beforeAll(async () => {
    from = await open()
    await from.sql(`update core.xid_head set base = ${AGE}`)
    await from.sql('update core.ledger_publish_head set from_xid = core.xid()')
    await from.database.rpc('ledger_account_open', { p_key: 'open', p_account: 'a' })
    await from.database.rpc('ledger_grant', { p_key: 'grant', p_account: 'a', p_amount: 1_000 })
    await untilFinal(from) // the server is shared with the tests beside this one
    await from.sql('select core_api.ledger_seal()')
    await from.database.rpc('ledger_publish', {})

    const admin = new pg.Client({ connectionString: server.url('template1') })
    await admin.connect()
    await admin.query(`create database "${name}" template postgres`)
    await admin.end()
    const url = server.url(encodeURIComponent(name))
    target = await openDatabase({ driver: 'postgres', url })
    client = new pg.Client({ connectionString: url })
    await client.connect()
    await copyData(from, client)
    // A cluster of that age would have given out these numbers itself, without a base.
    await client.query('update core.xid_head set base = 0')
  })
  afterAll(async () => {
    await client?.end()
    await target?.close()
    await from?.close()
  })

  const charge = () => target.rpc('ledger_charge', { p_key: `charge ${++keys}`, p_account: 'a', p_amount: 10 })
  const status = () => target.rpc('restore_status', {})
  const epoch = async () => z.object({ epoch: z.string() }).parse(await target.rpc('event_poll', { p_after: -1 })).epoch

  test('before restore_finish every mutation of the ledger is refused and says what to do', async () => {
    expect(await status()).toMatchObject({ finished: false })
    await expect(requireFinishedRestore({ database: target })).rejects.toMatchObject({
      code: 'E_DATABASE_SCHEMA',
      details: { reason: 'restore_unfinished' },
    })
    const refused = {
      code: 'E_CONFLICT',
      message: expect.stringContaining('copied'),
      fix: expect.stringContaining('restore_finish'),
      details: { reason: 'restore_unfinished', stored: expect.any(Number), next: expect.any(Number) },
    }
    await expect(charge()).rejects.toMatchObject(refused)
    await expect(target.rpc('ledger_grant', { p_key: 'g', p_account: 'a', p_amount: 1 })).rejects.toMatchObject(refused)
    const ops = [{ op: 'charge', key: 'b', account: 'a', amount: 1 }]
    expect(await target.rpc('ledger_batch', { p_ops: ops })).toMatchObject({
      results: [{ ok: false, code: 'restore_unfinished' }],
    })
  })

  test('after it the books continue: charges, seal, verification and balance events', async () => {
    const before = await epoch()
    expect(await target.rpc('restore_finish', {})).toMatchObject({ changed: true })
    expect(await status()).toMatchObject({ finished: true })
    expect(await epoch()).not.toBe(before)

    expect(await charge()).toMatchObject({ ok: true })
    await untilFinal({ sql: async (text, params = []) => (await client.query(text, [...params])).rows })
    expect(await target.rpc('ledger_seal', {})).toMatchObject({ sealed: 1 })
    expect(await target.rpc('ledger_verify', {})).toMatchObject({ valid: true, transactions: 3 })
    expect(await target.rpc('ledger_publish', {})).toMatchObject({ published: 1 })
    expect(await target.rpc('ledger_audit', {})).toMatchObject({ clean: true })
  })

  test('it is idempotent: the epoch and the numbers stay', async () => {
    const before = await epoch()
    expect(await target.rpc('restore_finish', {})).toMatchObject({ changed: false })
    expect(await epoch()).toBe(before)
    expect(await charge()).toMatchObject({ ok: true })
  })

  test('every column of transaction numbers is known to restore_finish', async () => {
    const { rows } = await client.query<{ column: string }>(`
      select a.attrelid::regclass || '.' || a.attname as column
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'core'::regnamespace and c.relkind = 'r' and a.atttypid in ('xid8'::regtype, 'xid'::regtype) and a.attnum > 0
      except select relation || '.' || attribute from core.xid_source`)
    expect(rows.filter(({ column }) => column !== 'core.ledger_seal.from_xid')).toEqual([])
  })
})
