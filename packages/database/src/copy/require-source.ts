import { CoreError } from '@core/foundation'
import { readHistory } from '../migrate/history.ts'
import { compareHistory, refuseNewer } from '../migrate/migrate-status.ts'
import { migrationsFolder, readMigrationFiles } from '../migrate/migration-files.ts'
import type { SqlSession } from '../sql-session.ts'
import { droppedColumns } from './former-columns.ts'
import { lacks, readTables, type TableLayout } from './read-layout.ts'

/** Each generation of vectors has a table of its own, where the extension is. */
export const isVectorTable = (name: string) => /^embedding_vector_[0-9]+$/.test(name)

/** A database of this version of Core or an older one. */
export async function requireSource(source: SqlSession): Promise<void> {
  const tables = await readTables(source)
  if (lacks(tables, 'project.name')) {
    throw new CoreError('E_NOT_FOUND', 'the source holds no data of Core', {
      fix: 'Name the database that a control plane has used.',
    })
  }
  refuseNewer(compareHistory(await readMigrationFiles(migrationsFolder()), await readHistory(source)))
}

/** What a newer version keeps would be lost. Vectors have tables of their own on either side. */
export function requireKnown(from: ReadonlyMap<string, TableLayout>, to: ReadonlyMap<string, TableLayout>): void {
  const unknown = [...from.values()].flatMap(({ name, columns }) => {
    const known = to.get(name)?.columns
    if (known === undefined) return isVectorTable(name) ? [] : [name]
    return columns
      .map((column) => `${name}.${column}`)
      .filter((place, n) => !known.includes(columns[n] ?? '') && !droppedColumns.includes(place))
  })
  if (unknown.length === 0) return
  throw new CoreError(
    'E_CONFLICT',
    `the source holds what this version of Core does not know, and nothing was copied: ${unknown.join(', ')}`,
    {
      fix: 'Copy with the version of Core that made the source; what others added to the schema core belongs in a schema of theirs.',
      details: { reason: 'source_unknown', unknown },
    },
  )
}

/** The migrations make the accounts that credits come from and go to; everything else was made by use. */
export async function requireEmpty(target: SqlSession): Promise<void> {
  if ((await readTables(target)).size === 0) return
  const [row] = await target.query(
    `select (exists (select from core.project) or exists (select from core.api_key) or exists (select from core.ledger_tx))::text
       as used`,
  )
  if (row?.['used'] === 'false') return
  throw new CoreError('E_CONFLICT', 'the target holds projects, keys or postings already: nothing was copied', {
    fix: 'Name an empty database, or a new folder.',
    details: { reason: 'target_in_use' },
  })
}
