import type { SqlSession } from '../sql-session.ts'
import type { TableLayout } from './read-layout.ts'

/** Rows of one trip: some hold a megabyte. */
const rowsPerTrip = 100

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`

/**
 * Copies the rows of a table, in the columns that both sides have, and answers how many. They travel as `json`, which
 * keeps the text of json columns, the whole precision of numbers and times, and the text form of every other type.
 */
export async function copyRows(
  from: SqlSession,
  to: SqlSession,
  source: TableLayout,
  target: TableLayout,
): Promise<number> {
  const columns = source.columns
    .filter((name) => target.columns.includes(name))
    .map(quote)
    .join(', ')
  const table = `core.${quote(target.name)}`
  const insert = `insert into ${table} (${columns}) overriding system value
    select ${columns} from json_populate_recordset(null::${table}, $1::json)`
  await from.execute(
    `declare core_copy no scroll cursor for select row_to_json(r)::text as row from (select ${columns} from ${table}) r`,
  )
  let copied = 0
  for (;;) {
    const rows = await from.query(`fetch ${rowsPerTrip} from core_copy`)
    if (rows.length > 0) await to.query(insert, [`[${rows.map(({ row }) => row).join(',')}]`])
    copied += rows.length
    if (rows.length < rowsPerTrip) break
  }
  await from.execute('close core_copy')
  return copied
}
