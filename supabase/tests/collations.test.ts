import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrateUp } from '../../packages/database/src/migrate/index.ts'
import { createTestDatabase, type TestDatabase } from '../../packages/database/src/testing/index.ts'

/**
 * Texts that name a row are ordered by their bytes, whatever the locale of the host: an index that follows a locale is broken
 * by an update of the C library or of ICU, a unique one then takes the same key twice, and two calls that lock rows in different
 * orders wait for each other.
 */

let on: TestDatabase

beforeAll(async () => {
  on = await createTestDatabase({ locale: 'tr-TR' })
  await migrateUp({ database: on.database })
  await on.sql(`select core_api.project_register('smart_layer')`)
})
afterAll(() => on.drop())

test('no index orders a text by the locale of the host', async () => {
  const byLocale = await on.sql(`
    select distinct i.indrelid::regclass || '.' || a.attname as column
    from pg_index i join pg_class c on c.oid = i.indrelid
    cross join lateral unnest(i.indkey::int2[], i.indcollation::oid[]) k (attnum, collated)
    left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where c.relnamespace in ('core'::regnamespace, 'core_api'::regnamespace) and k.collated not in (0, 'pg_catalog."C"'::regcollation)
    order by 1`)
  expect(byLocale).toEqual([])
})

/** By their bytes `B` comes before `a`, in Turkish after it. */
const both = ['a', 'B']

const calls = [
  {
    sql: `core_api.cache_put_many('pages', $1, null, 'smart_layer')`,
    argument: () => JSON.stringify(both.map((key) => ({ key, value: 'MQ==', fresh_ms: 60_000, stale_ms: 60_000 }))),
    rows: 'cache_entry where key',
  },
  {
    sql: `core_api.cache_expire('pages', $1, null, 'smart_layer')`,
    argument: () => both,
    rows: 'cache_entry where key',
  },
  {
    sql: `core_api.cache_invalidate_tags('pages', $1, null, 'smart_layer')`,
    argument: () => both,
    rows: 'cache_epoch where tag',
  },
  {
    sql: 'core_api.limit_lease($1, 1000)',
    argument: () =>
      JSON.stringify(both.map((key) => ({ key, limit: 10, window_ms: 60_000, want: 1, unspent: [], lease_ms: null }))),
    rows: 'limit_window where key',
  },
  {
    sql: `core_api.task_enqueue('mail', $1, 'smart_layer')`,
    argument: () => JSON.stringify(both.map((group) => ({ key: randomUUID(), kind: 'send', group }))),
    rows: 'task_slot where group_name',
  },
]

test.each(calls)('$sql locks rows in the order of their bytes', async ({ sql, argument, rows }) => {
  await on.sql(`select ${sql}`, [argument()])
  const [holder, caller] = [await on.connect(), await on.connect()]
  await holder.query('begin')
  expect((await holder.query(`select from core.${rows} = 'B' for update`)).rowCount).toBe(1)
  const pid = (await caller.query('select pg_backend_pid() as pid')).rows[0].pid
  const call = caller.query(`select ${sql}`, [argument()])
  const waiting = `select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'`
  await expect.poll(() => on.sql(waiting, [pid])).toHaveLength(1)
  const free = await on.sql(`select from core.${rows} = 'a' for update nowait`).catch(String)
  await holder.query('rollback')
  await call
  expect(free).toHaveLength(1)
})
