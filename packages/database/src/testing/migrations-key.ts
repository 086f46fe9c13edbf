import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { migrationsFolder, readMigrationFiles } from '../migrate/migration-files.ts'

/** Changes with the migrations and with PGlite, whose versions may differ in the format on disk. */
export async function readMigrationsKey(): Promise<string> {
  const files = await readMigrationFiles(migrationsFolder())
  const library = await readFile(createRequire(import.meta.url).resolve('@electric-sql/pglite'))
  const hash = createHash('sha256').update(library)
  for (const { version, statements } of files) hash.update(version).update(statements.join())
  return hash.digest('hex').slice(0, 16)
}
