import { CoreError, isCoreError } from '@core/foundation'
import type { SqlSession } from '../sql-session.ts'
import type { TableLayout } from './read-layout.ts'

/** Rows of one trip: some hold a megabyte. */
const rowsPerTrip = 100

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`

/**
 * Copies the rows of a table, in the columns that both sides have, and answers how many. They travel as `json`, which
 * keeps the text of json columns, the whole precision of numbers and times, and the text form of every other type.
 * `former` has the expressions of columns whose values are not those of the source.
 * @throws CoreError E_CONFLICT where the target needs a column that the source does not have, or refuses a row.
 */
export async function copyRows(
  from: SqlSession,
  to: SqlSession,
  source: TableLayout,
  target: TableLayout,
  former: ReadonlyMap<string, string>,
): Promise<number> {
  const formerOf = (name: string) => former.get(`${target.name}.${name}`)
  const common = source.columns.filter((name) => target.columns.includes(name))
  const all = target.columns.filter((name) => common.includes(name) || formerOf(name) !== undefined)
  const unknown = target.required.find((name) => !all.includes(name))
  if (unknown !== undefined) throw createColumnMissing(target.name, unknown)
  const columns = common.map(quote).join(', ')
  const table = `core.${quote(target.name)}`
  const insert = `insert into ${table} (${all.map(quote).join(', ')}) overriding system value
    select ${all.map((name) => formerOf(name) ?? quote(name)).join(', ')} from json_populate_recordset(null::${table}, $1::json)`
  await from.execute(
    `declare core_copy no scroll cursor for select row_to_json(r)::text as row from (select ${columns} from ${table}) r`,
  )
  let copied = 0
  for (;;) {
    const rows = await from.query(`fetch ${rowsPerTrip} from core_copy`)
    if (rows.length > 0) await insertRows(to, target.name, insert, `[${rows.map(({ row }) => row).join(',')}]`)
    copied += rows.length
    if (rows.length < rowsPerTrip) break
  }
  await from.execute('close core_copy')
  return copied
}

async function insertRows(to: SqlSession, table: string, insert: string, rows: string): Promise<void> {
  try {
    await to.query(insert, [rows])
  } catch (error) {
    if (!isCoreError(error) || !String(error.details['sqlstate']).startsWith(integrityViolation)) throw error
    throw new CoreError(
      'E_CONFLICT',
      `a row of ${table} is none in this version, and nothing was copied: ${error.message}`,
      {
        cause: error,
        fix: 'Change or remove that row with the version of Core that wrote it, and copy again.',
        details: { reason: 'row_refused', table },
      },
    )
  }
}

/** The class of SQLSTATEs of constraints. */
const integrityViolation = '23'

function createColumnMissing(table: string, column: string): CoreError {
  return new CoreError(
    'E_CONFLICT',
    `the source has no column ${column} in ${table}, without which its rows mean nothing`,
    {
      fix: 'Upgrade the source to a version of Core in between, which has it, and copy from there.',
      details: { reason: 'column_missing', table, column },
    },
  )
}
