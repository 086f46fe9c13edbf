import type { SqlSession } from '../sql-session.ts'

/** A table of the schema core, as far as rows of it can be carried over. */
export interface TableLayout {
  readonly name: string
  /** Without generated ones. */
  readonly columns: readonly string[]
  /** Those of them without which no row can be written. */
  readonly required: readonly string[]
}

export interface ForeignKey {
  readonly table: string
  readonly name: string
  readonly definition: string
}

/** What is kept between restarts: unlogged tables are refilled from use. */
const tablesSql = `
  select c.relname as name, string_agg(a.attname, ',' order by a.attnum) as columns,
    coalesce(string_agg(a.attname, ',') filter (where a.attnotnull and not a.atthasdef and a.attidentity = ''), '') as required
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  where c.relnamespace = to_regnamespace('core') and c.relkind = 'r' and c.relpersistence = 'p'
  group by c.relname order by c.relname`

const foreignKeysSql = `
  select conrelid::regclass::text as table, quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
  from pg_constraint where connamespace = to_regnamespace('core') and contype = 'f' order by 1, 2`

const sequencesSql = `
  select relname as name from pg_class
  where relnamespace = to_regnamespace('core') and relkind = 'S' and relpersistence = 'p' order by relname`

export async function readTables(session: SqlSession): Promise<ReadonlyMap<string, TableLayout>> {
  const rows = await session.query(tablesSql)
  return new Map(
    rows.map(({ name, columns, required }) => [
      name ?? '',
      { name: name ?? '', columns: (columns ?? '').split(','), required: (required ?? '').split(',').filter(Boolean) },
    ]),
  )
}

export async function readForeignKeys(session: SqlSession): Promise<readonly ForeignKey[]> {
  const rows = await session.query(foreignKeysSql)
  return rows.map(({ table, name, definition }) => ({
    table: table ?? '',
    name: name ?? '',
    definition: definition ?? '',
  }))
}

export async function readSequences(session: SqlSession): Promise<readonly string[]> {
  return (await session.query(sequencesSql)).map(({ name }) => name ?? '')
}

/** Whether a source has no such `table` or `table.column`. */
export function lacks(tables: ReadonlyMap<string, TableLayout>, place: string): boolean {
  const [table = '', column] = place.split('.')
  const layout = tables.get(table)
  return layout === undefined || (column !== undefined && !layout.columns.includes(column))
}
