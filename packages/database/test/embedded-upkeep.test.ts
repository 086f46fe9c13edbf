import { silentLogger } from '@core/foundation'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startEmbeddedUpkeep } from '../src/drivers/embedded-upkeep.ts'
import type { Database } from '../src/index.ts'
import type { SqlSession } from '../src/sql-session.ts'
import { runSql } from '../src/testing/index.ts'
import { openInMemory } from '../src/testing/memory-database.ts'

const WAIT = { timeout: 60_000 }

describe('an embedded database', () => {
  let database: Database
  beforeAll(async () => {
    database = await openInMemory({ upkeepMs: 10 })
    await runSql(database, 'create table core.note (id int primary key, text text storage external)')
  })
  afterAll(() => database.close())
  beforeEach(() => runSql(database, 'truncate core.note'))

  const read = async (value: string, from = '') =>
    Number((await runSql(database, `select ${value} as value ${from}`, []))[0]?.['value'])

  test('uses the room of deleted rows again, that of long values as well', async () => {
    const fill = `insert into core.note select n, repeat('long', 5000) from generate_series(1, 300) n`
    await runSql(database, fill)
    const full = await read(`pg_total_relation_size('core.note')`)
    expect(full).toBeGreaterThan(6_000_000)
    await runSql(database, 'delete from core.note')
    // Nothing was before the deleted rows: their pages are given back to the file system.
    await expect.poll(() => read(`pg_total_relation_size('core.note')`), WAIT).toBeLessThan(full / 10)
    await runSql(database, fill)
    expect(await read(`pg_total_relation_size('core.note')`)).toBeLessThan(1.1 * full)
  })

  test('leaves the dead entries of an index of vectors, whose removal takes longer than to build it', async () => {
    await runSql(database, 'create extension if not exists vector')
    await runSql(database, 'create table core.place (id int primary key, at vector(8))')
    await runSql(database, 'create index place_hnsw on core.place using hnsw (at vector_l2_ops)')
    const fill = `insert into core.place select n, array_fill(n, '{8}')::vector from generate_series(1, 2000) n`
    await runSql(database, fill)
    await runSql(database, 'delete from core.place where id > 500')
    const vacuums = () => read('vacuum_count', `from pg_stat_user_tables where relname = 'place'`)
    await expect.poll(vacuums, WAIT).toBeGreaterThan(0)
    // A scan that is not iterative finds the 40 nearest entries, and these lead to rows that are not there.
    await runSql(database, 'set enable_seqscan = off')
    const nearest = `select from core.place order by at <-> array_fill(2000, '{8}')::vector limit 30`
    expect(await read('count(*)', `from (${nearest}) p`)).toBe(0)
    await runSql(database, 'reset enable_seqscan')
  })

  test('learns how many rows a table has, once that has changed', async () => {
    const rows = () => read('reltuples', `from pg_class where oid = 'core.note'::regclass`)
    expect(await rows()).toBeLessThan(1)
    await runSql(database, 'insert into core.note select generate_series(1, 5000)')
    await expect.poll(rows, WAIT).toBe(5000)
  })

  test('keeps a log that is no longer than what it would have to replay', async () => {
    const written = () => read(`pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')`)
    const before = await written()
    for (let round = 0; round < 5; round++) {
      await runSql(database, `insert into core.note select n, repeat('long', 5000) from generate_series(1, 1000) n`)
      await runSql(database, 'truncate core.note')
    }
    expect((await written()) - before).toBeGreaterThan(90_000_000)
    const ahead = () => read('pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)', 'from pg_control_checkpoint()')
    await expect.poll(ahead, WAIT).toBeLessThan(64 * 2 ** 20)
  })
})

test('what fails is logged once, tried again, and keeps nothing else from being done', async () => {
  const warn = vi.fn<(fields: object) => void>()
  const done: string[] = []
  const session: SqlSession = {
    query: async (sql) => (sql.includes('pg_control_checkpoint') ? [] : [{ statement: 'one' }, { statement: 'two' }]),
    async execute(sql) {
      done.push(sql)
      if (sql === 'one') throw new Error('is broken')
    },
  }
  using _ = startEmbeddedUpkeep({
    queue: { alone: (work) => work(session) },
    logger: { ...silentLogger, warn },
    lookMs: 1,
  })
  await expect.poll(() => done.slice(0, 4), WAIT).toEqual(['one', 'two', 'one', 'two'])
  expect(warn.mock.calls.map(([fields]) => fields)).toEqual([{ what: 'one', err: new Error('is broken') }])
})
