import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../packages/database/src/testing/index.ts'

/**
 * `x <= clock_timestamp()` is evaluated for each row and no index serves it, because the function is volatile;
 * `x <= (select clock_timestamp())` is evaluated once. Where a unique key finds the row, no other index is needed and the
 * volatile form is right: after a wait for the lock of the row it is evaluated again.
 */

interface Index {
  readonly columns: readonly string[]
  readonly isKey: boolean
}

let on: TestDatabase
let volatile: ReadonlySet<string>
const indexes = new Map<string, Index[]>()

beforeAll(async () => {
  on = await createTestDatabase()
  const names = await on.sql(`
    select distinct proname as name from pg_proc
    where provolatile = 'v' and pronamespace in ('pg_catalog'::regnamespace, 'core'::regnamespace, 'core_api'::regnamespace)`)
  volatile = new Set(names.map(({ name }) => String(name)))
  const rows = await on.sql(`
    select c.relname as name, i.indisunique and i.indpred is null as is_key, array(
      select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum = any (i.indkey::int2[])) as columns
    from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace = 'core'::regnamespace`)
  for (const { name, is_key, columns } of rows) {
    const index = { columns: Array.isArray(columns) ? columns.map(String) : [], isKey: is_key === true }
    indexes.set(String(name), [...(indexes.get(String(name)) ?? []), index])
  }
})
afterAll(() => on.drop())

const column = String.raw`(?:\w+\.)?(?<column>\w+)`
const call = String.raw`(?:core\.|core_api\.|pg_catalog\.)?(?<name>\w+)\(`
/** A column and a call that are compared. Whether the call is of a volatile function is asked of each: there are hundreds. */
const comparisons = [
  new RegExp(String.raw`${column}\s*(?:[<>]=?|\bbetween)\s*${call}`, 'g'),
  new RegExp(String.raw`\b(?:where|and|or|on)\s+${column}\s*=\s*${call}`, 'g'),
  new RegExp(String.raw`\b${call}\)[^,;()]*?[<>]=?\s*${column}`, 'g'),
]

/** Columns that a statement compares with a volatile function although they have an index and no unique key finds the row. */
function findFaults(query: string): string[] {
  // The row of a conflict is found by the key.
  const statement = query.replace(/\bon conflict\b.*/s, '')
  const compared = comparisons
    .flatMap((comparison) => [...statement.matchAll(comparison)])
    .flatMap(({ groups: { column = '', name = '' } = {} }) => (volatile.has(name) ? [column] : []))
  if (compared.length === 0) return []
  const tables = [...statement.matchAll(/\bcore\.(\w+)(?!\w*\()/g)].flatMap(([, table = '']) => {
    const own = indexes.get(table)
    return own === undefined || own.some(({ columns, isKey }) => isKey && columns.every(isMatched)) ? [] : [own]
  })
  return compared.filter((name) => tables.some((own) => own.some(({ columns }) => columns.includes(name))))

  function isMatched(name: string): boolean {
    return (
      new RegExp(String.raw`(?<!\w)${name}\s*=`).test(statement) ||
      new RegExp(String.raw`=\s*(?:\w+\.)?${name}\b`).test(statement)
    )
  }
}

/** A statement and the queries within it, each without those within. */
function toQueries(statement: string): string[] {
  const queries: string[] = []
  const open = [{ text: '' }]
  for (const part of statement.split(/([()])/)) {
    const current = open.at(-1)
    if (part === '(') open.push({ text: '' })
    else if (part === ')' && current !== undefined && open.length > 1) {
      open.pop()
      const outer = open.at(-1)
      const isQuery =
        /^\s*(?:select|with|update|delete|insert)\b/.test(current.text) && /\bcore\.\w+(?!\w*\()/.test(current.text)
      if (isQuery) queries.push(current.text)
      if (outer !== undefined) outer.text += isQuery ? '()' : `(${current.text})`
    } else if (current !== undefined) current.text += part
  }
  return [...queries, ...open.map(({ text }) => text)]
}

test.each([
  ['select id from core.lock where ends_at < clock_timestamp() - p_keep limit 10', ['ends_at']],
  ['select id from core.lock l where clock_timestamp() - p_keep > l.ends_at', ['ends_at']],
  ['select from core.claim c where c.ends_at between clock_timestamp() and p_end', ['ends_at']],
  [
    'with old as (select id from core.event where at < clock_timestamp() limit 9) delete from core.event e using old where e.id = old.id',
    ['at'],
  ],
  ['select from core.cache_event where xid < core.final_xid()', ['xid']],
  ['select from core.lock where ends_at < (select clock_timestamp() - p_keep)', []],
  [
    'update core.lock l set x = 1 where l.project = v_project and l.name = p_name and l.ends_at > clock_timestamp()',
    [],
  ],
])('%s', (statement, faults) => {
  expect(toQueries(statement).flatMap(findFaults)).toEqual(faults)
})

test('no function compares a column with a volatile function where an index could serve', async () => {
  const functions = await on.sql(`
    select proname as name, prosrc as source from pg_proc
    where pronamespace in ('core'::regnamespace, 'core_api'::regnamespace) order by 1`)
  expect(functions.length).toBeGreaterThan(500)
  const found = functions.flatMap(({ name, source }) =>
    String(source)
      .split(';')
      .flatMap(toQueries)
      .flatMap((query) => findFaults(query).map((column) => `${name}: ${column}`)),
  )
  expect(found).toEqual([])
})
