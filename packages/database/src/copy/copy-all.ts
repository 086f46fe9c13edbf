import type { SqlSession } from '../sql-session.ts'
import { copyRows } from './copy-rows.ts'
import { formerColumns, formerSequences } from './former-columns.ts'
import { type FormerRows, formerRows } from './former-rows.ts'
import { lacks, readForeignKeys, readSequences, readTables, type TableLayout } from './read-layout.ts'
import { isVectorTable, requireEmpty, requireKnown } from './require-source.ts'

/** Filled by the migrations themselves. */
const definitions: readonly string[] = ['scope', 'share_kind', 'xid_source']

export interface CopyAllOptions {
  /** Its rows are sealed again. */
  readonly skipsSeal: boolean
  readonly onProgress?: ((table: string, rows: number) => void) | undefined
}

export interface CopiedRows {
  readonly tables: number
  readonly rows: number
  readonly left: readonly string[]
}

/** Every table and sequence, as far as both sides have them, and what follows from what the source lacks. */
export async function copyAll(
  source: SqlSession,
  target: SqlSession,
  { skipsSeal, onProgress }: CopyAllOptions,
): Promise<CopiedRows> {
  await requireEmpty(target)
  const [sourceTables, targetTables] = [await readTables(source), await readTables(target)]
  requireKnown(sourceTables, targetTables)
  const isLacking = (place: string) => lacks(sourceTables, place)
  const values = new Map(
    formerColumns
      .filter(({ column, lacks: place = column }) => isLacking(place))
      .map(({ column, value }) => [column, value]),
  )
  // Before the generations are there: it would have all their items queued for vectors.
  if ([...sourceTables.keys()].some(isVectorTable)) await target.query('select core_api.embedding_enable()')
  const left: string[] = []
  let rows = 0
  let tables = 0

  async function copy(from: TableLayout, to: TableLayout): Promise<void> {
    left.push(...from.columns.filter((name) => !to.columns.includes(name)).map((name) => `${from.name}.${name}`))
    const copied = await copyRows(source, target, from, to, values)
    tables++
    rows += copied
    onProgress?.(to.name, copied)
  }

  const foreignKeys = await readForeignKeys(target)
  for (const { table, name } of foreignKeys) await target.execute(`alter table ${table} drop constraint ${name}`)
  const common = [...targetTables.values()].filter(
    ({ name }) => !definitions.includes(name) && !(skipsSeal && name === 'ledger_seal'),
  )
  for (const to of common) {
    const from = sourceTables.get(to.name)
    if (from === undefined) continue
    // Heads and counters have their one row from the start.
    const [has] = await target.query(`select exists (select from core."${to.name}")::text as rows`)
    if (has?.['rows'] === 'true') await target.execute(`delete from core."${to.name}"`)
    await copy(from, to)
  }
  await copySequences(source, target)
  await writeFormerRows(
    target,
    formerRows.filter((rows) => isLacking(rows.lacks)),
  )
  for (const { table, name, definition } of foreignKeys) {
    await target.execute(`alter table ${table} add constraint ${name} ${definition}`)
  }
  const vectors = await makeVectorTables(target)
  for (const from of sourceTables.values()) {
    if (targetTables.has(from.name)) continue
    const to = vectors.get(from.name)
    if (to === undefined) left.push(from.name)
    else await copy(from, to)
  }
  return { tables, rows, left: left.sort() }
}

/** The journal is append-only for everybody else. */
async function writeFormerRows(target: SqlSession, all: readonly FormerRows[]): Promise<void> {
  if (all.length === 0) return
  await target.execute('alter table core.ledger_tx disable trigger user')
  for (const { sql } of all) await target.execute(sql)
  await target.execute('alter table core.ledger_tx enable trigger user')
}

/** Each generation of vectors has a table, where the extension is. Their indexes stay behind, so they are due again. */
async function makeVectorTables(target: SqlSession): Promise<ReadonlyMap<string, TableLayout>> {
  await target.query('select core.embedding_make_vectors(id) from core.embedding_generation order by id')
  await target.query("update core.embedding_generation set index_state = 'none', index_type = null")
  return await readTables(target)
}

async function copySequences(source: SqlSession, target: SqlSession): Promise<void> {
  const known = new Set(await readSequences(source))
  for (const name of await readSequences(target)) {
    const there = known.has(name) ? name : formerSequences[name]
    if (there === undefined || !known.has(there)) continue
    const [row] = await source.query(`select last_value::text as value, is_called::text as called from core."${there}"`)
    await target.query(`select setval($1::regclass, $2::bigint, $3::boolean)`, [
      `core."${name}"`,
      row?.['value'] ?? '1',
      row?.['called'] ?? 'false',
    ])
  }
}
