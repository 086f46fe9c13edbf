import type { JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

/** What a project may keep, and what sweeps delete. */

let on: TestDatabase
beforeAll(async () => {
  on = await createTestDatabase()
})
beforeEach(() => on.sql('truncate core.cache_entry, core.cache_epoch, core.cache_usage, core.cache_event'))
afterAll(() => on.drop())

const call = (name: string, args: Record<string, JsonInput> = {}, p_project = 'noisy') =>
  on.database.call(name, { p_namespace: 'n', p_project, ...args })
const entry = (key: string, more: object = {}) => ({ key, value: 'AQ==', fresh_ms: 1e6, stale_ms: 1e6, ...more })
const put = (keys: readonly string[], p_project?: string, more: object = {}) =>
  call('cache_put_many', { p_entries: keys.map((key) => entry(key, more)) }, p_project)
const keysOf = async (project: string) =>
  (await on.sql('select key from core.cache_entry where project = $1 order by key', [project])).map(({ key }) => key)
/** As if the last count had found so much. */
const count = (project: string, entries: number, bytes = 0, epochs = 0) =>
  on.sql(
    `insert into core.cache_usage (project, entries, bytes, epochs, counted_at) values ($1, ${entries}, ${bytes}, ${epochs}, clock_timestamp())`,
    [project],
  )
const sweep = (p_limit = 1_000) => on.database.rpc('cache_sweep', { p_limit })
const age = (table: string) => on.sql(`update core.${table} set at = at - interval '11 minutes'`)

test('a project that is over its bounds loses its own entries, those first that end first', async () => {
  await put(['quiet'], 'quiet')
  await put(['last'], 'noisy')
  for (let index = 0; index < 5; index++) await put([`k${index}`], 'noisy', { stale_ms: 1_000 + index * 1_000 })
  await count('noisy', 1_000_002)
  await count('quiet', 1)
  expect(await sweep(2)).toMatchObject({ evicted: 2 })
  expect(await keysOf('noisy')).toEqual(['k2', 'k3', 'k4', 'last'])
  expect(await sweep(2)).toMatchObject({ evicted: 0 })
  await on.sql(`update core.cache_usage set bytes = 2000000000 where project = 'noisy'`)
  expect(await sweep(3)).toMatchObject({ evicted: 3 })
  expect(await keysOf('noisy')).toEqual(['last'])
  expect(await keysOf('quiet')).toEqual(['quiet'])
})

test('one that writes faster than sweeps run makes room for each write', async () => {
  await put(['a', 'b', 'c'])
  await put(['quiet'], 'quiet')
  await count('noisy', 1_200_000)
  await put(['d', 'e'])
  expect(await keysOf('noisy')).toHaveLength(3)
  expect(await keysOf('noisy')).toEqual(expect.arrayContaining(['d', 'e']))
  expect(await keysOf('quiet')).toEqual(['quiet'])
})

test('a count is of what is there, once a minute', async () => {
  await put(['a', 'b'])
  await call('cache_invalidate_tags', { p_tags: ['t'] }, 'quiet')
  await sweep()
  const usage = () => on.sql('select project, entries, bytes, epochs from core.cache_usage order by project')
  const counted = [
    { project: 'noisy', entries: '2', bytes: '2', epochs: '0' },
    { project: 'quiet', entries: '0', bytes: '0', epochs: '1' },
  ]
  expect(await usage()).toEqual(counted)
  await put(['c'])
  await sweep()
  expect(await usage()).toEqual(counted)
})

test('what an invalidation voided is deleted after a while, then the invalidation itself', async () => {
  await put(['tagged'], 'noisy', { tags: ['t'] })
  await put(['other'])
  await call('cache_invalidate_tags', { p_tags: ['t'] })
  await put(['again'], 'noisy', { tags: ['t'] })
  await sweep()
  expect(await keysOf('noisy')).toEqual(['again', 'other', 'tagged'])
  await age('cache_epoch')
  expect(await sweep()).toMatchObject({ swept: 1 })
  expect(await keysOf('noisy')).toEqual(['again', 'other'])
  await sweep()
  expect(await on.sql('select tag from core.cache_epoch')).toEqual([])
  expect(await call('cache_get_many', { p_keys: ['again', 'tagged'] })).toMatchObject({ entries: [{}, null] })
})

test('a namespace of many keys is looked through piece by piece, and what is invalidated meanwhile waits for the next time', async () => {
  const keys = Array.from({ length: 12 }, (_, index) => `k${String(index).padStart(2, '0')}`)
  await put(keys, 'noisy', { tags: ['t'] })
  await put(keys.slice(0, 3), 'noisy', { tags: ['u'] })
  await call('cache_invalidate_tags', { p_tags: ['t'] })
  await age('cache_epoch')
  // Five keys a call: the first three of them have another tag by now.
  expect(await sweep(1)).toMatchObject({ swept: 2 })
  await call('cache_invalidate_tags', { p_tags: ['u'] })
  await put(['k00'], 'noisy', { tags: ['t'] })
  expect(await sweep(1)).toMatchObject({ swept: 5 })
  expect(await sweep(1)).toMatchObject({ swept: 2 })
  expect(await keysOf('noisy')).toEqual(['k00', 'k01', 'k02'])
  expect(await on.sql('select tag from core.cache_epoch')).toEqual([{ tag: 'u' }])
  await age('cache_epoch')
  expect(await sweep(1)).toMatchObject({ swept: 2 })
  expect(await keysOf('noisy')).toEqual(['k00'])
  expect(await on.sql('select tag from core.cache_epoch')).toEqual([])
})

test('a sweep goes through many small namespaces, each with the invalidations it has', async () => {
  const namespaces = Array.from({ length: 30 }, (_, index) => `tenant ${index}`)
  for (const p_namespace of namespaces) {
    for (const tag of ['t', 'u']) {
      await call('cache_put_many', { p_namespace, p_entries: [entry(tag, { tags: [tag] }), entry(`kept ${tag}`)] })
      await call('cache_invalidate_tags', { p_namespace, p_tags: [tag] })
    }
  }
  await age('cache_epoch')
  expect(await sweep()).toMatchObject({ swept: 60 })
  expect(await on.sql('select from core.cache_epoch')).toEqual([])
  expect((await keysOf('noisy')).length).toBe(60)
})

test('an invalidation is kept while an entry that it voids is being written', async () => {
  await put(['a', 'b'], 'noisy', { tags: ['t'] })
  await call('cache_invalidate_tags', { p_tags: ['t'] })
  await age('cache_epoch')
  const writer = await on.connect()
  await writer.query('begin')
  await writer.query("update core.cache_entry set size = 2 where key = 'a'")
  expect(await sweep()).toMatchObject({ swept: 1 })
  expect(await on.sql('select tag from core.cache_epoch')).toEqual([{ tag: 't' }])
  await writer.query('rollback')
  expect(await sweep()).toMatchObject({ swept: 1 })
  expect(await on.sql('select tag from core.cache_epoch')).toEqual([])
})

test('a project with too many invalidations keeps only the latest, and no entry that one of the others could void', async () => {
  await put(['a'])
  await put(['quiet'], 'quiet')
  await call('cache_invalidate_tags', { p_tags: ['old'] }, 'noisy')
  await age('cache_epoch')
  await call('cache_invalidate_tags', { p_tags: ['new'] }, 'noisy')
  await call('cache_clear', { p_namespace: 'other' }, 'quiet')
  await count('noisy', 1, 1, 100_001)
  expect(await sweep()).toMatchObject({ evicted: 1 })
  expect(await keysOf('noisy')).toEqual([])
  expect(await on.sql(`select tag from core.cache_epoch where project = 'noisy'`)).toEqual([{ tag: 'new' }])
  expect(await keysOf('quiet')).toEqual(['quiet'])
})

test('a page of keys looks at a bounded number of them and says where the next one begins', async () => {
  const keys = Array.from({ length: 25 }, (_, index) => `k${String(index).padStart(2, '0')}`)
  await put(keys, 'noisy', { tags: ['t'] })
  await call('cache_invalidate_tags', { p_tags: ['t'] })
  await put(['k03', 'k24'])
  const page = async (p_limit: number, p_after?: string) => {
    const answer = Object(await call('cache_list', { p_limit, ...(p_after === undefined ? {} : { p_after }) }))
    return [answer.entries.map(({ key }: { key: string }) => key), answer.next]
  }
  expect(await page(1)).toEqual([['k03'], 'k03'])
  expect(await page(1, 'k03')).toEqual([[], 'k13'])
  expect(await page(1, 'k13')).toEqual([[], 'k23'])
  expect(await page(1, 'k23')).toEqual([['k24'], 'k24'])
  expect(await page(1, 'k24')).toEqual([[], null])
  expect(await page(100)).toEqual([['k03', 'k24'], null])
})

test('one write in eighty sweeps, so that short-lived programs leave nothing behind', async () => {
  await put(['gone'], 'quiet', { fresh_ms: 0, stale_ms: 0 })
  for (let index = 0; index < 80; index++) await put(['k'])
  expect(await keysOf('quiet')).toEqual([])
})

test('a write does not count every entry while sweeps do', async () => {
  await count('noisy', 7)
  const counted = async (minutes: number) => {
    await on.sql(`update core.cache_usage set counted_at = clock_timestamp() - $1::int * interval '1 minute'`, [
      minutes,
    ])
    for (let write = 0; write < 80; write++) await put(['k'])
    return (await on.sql(`select entries::int from core.cache_usage where project = 'noisy'`))[0]?.['entries']
  }
  expect(await counted(9)).toBe(7)
  expect(await counted(11)).toBe(1)
  await count('quiet', 7)
  await on.sql(`update core.cache_usage set counted_at = clock_timestamp() - interval '2 minutes'`)
  await sweep()
  expect(await on.sql(`select entries from core.cache_usage where project = 'quiet'`)).toEqual([])
})

test('names are bounded in bytes, so that no index row is too long', async () => {
  const long = '😀'.repeat(128)
  const most = { p_namespace: long, p_entries: [entry(long, { tags: [long] })] }
  expect(await call('cache_put_many', most, 'p'.repeat(48))).toMatchObject({ ok: true })
  await call('cache_invalidate_tags', { p_namespace: long, p_tags: [long] }, 'p'.repeat(48))
  await expect(put([`${long}x`])).rejects.toMatchObject({ code: 'E_INVALID', details: { field: 'keys' } })
  await expect(call('cache_clear', { p_namespace: `${long}x` })).rejects.toMatchObject({ code: 'E_INVALID' })
})

test('in a copy of the database every process starts again', async () => {
  const poll = async (p_cursor: string | null) =>
    Object(await on.database.call('cache_poll', { p_cursor, p_project: 'noisy' }))
  const { cursor } = await poll(null)
  expect(await poll(cursor)).toMatchObject({ reset: false })
  await on.sql(`update core.cache_head set home = 'another cluster/5'`)
  const after = await poll(cursor)
  expect(after).toMatchObject({ reset: true, events: [] })
  expect(await poll(after.cursor)).toMatchObject({ reset: false })
})

test('one process sweeps at a time, and the others do not wait for it', async () => {
  await put(['gone'], 'quiet', { fresh_ms: 0, stale_ms: 0 })
  const sweeper = await on.connect()
  await sweeper.query('begin')
  await sweeper.query('select core_api.cache_sweep(1)')
  await put(['gone too'], 'quiet', { fresh_ms: 0, stale_ms: 0 })
  expect(await sweep()).toMatchObject({ swept: 0, evicted: 0 })
  await sweeper.query('rollback')
  expect(await sweep()).toMatchObject({ swept: 2 })
})

test('a call reads 1,000 keys and no more', async () => {
  const keys = Array.from({ length: 1_001 }, (_, at) => `k${at}`)
  await expect(call('cache_get_many', { p_keys: keys })).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
  expect(await call('cache_get_many', { p_keys: keys.slice(1) })).toMatchObject({ ok: true })
})

test('an entry names its writer', async () => {
  await on.database.rpc('project_register', { p_name: 'noisy' })
  const claims = { role: 'core_member', project: 'noisy', caps: ['cache:write'], sub: 'key:abc' } as const
  await on.database.call('cache_put_many', { p_namespace: 'n', p_entries: [entry('k')] }, { claims })
  expect(await on.sql('select writer from core.cache_entry')).toEqual([{ writer: 'key:abc' }])
})

test('pg_cron sweeps where it is installed', async () => {
  expect(await on.database.rpc('cache_schedule', {})).toMatchObject({ scheduled: false })
  await on.sql(`create schema cron; create table cron.job (name text, schedule text, command text);
    create function cron.schedule(text, text, text) returns bigint language sql as
    $$ delete from cron.job where name = $1; insert into cron.job values ($1, $2, $3) returning 1::bigint $$`)
  for (let time = 0; time < 2; time++)
    expect(await on.database.rpc('cache_schedule', {})).toMatchObject({ scheduled: true })
  const [job, another] = await on.sql('select * from cron.job')
  expect(another).toBeUndefined()
  await on.sql(String(job?.['command']))
})
