import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { silentLogger, startDeadline, systemClock } from '@core/foundation'
import type { Database } from '../database.ts'
import { createEmbeddedDriver } from '../drivers/embedded.ts'
import { migrateUp } from '../migrate/index.ts'
import { migrationsFolder, readMigrationFiles } from '../migrate/migration-files.ts'
import { createSqlDatabase } from '../sql-database.ts'
import { testFolder } from './test-server-place.ts'

const TIMEOUT_MS = 60_000

/**
 * A migrated embedded database in memory. The first call on a machine makes it (seconds) and keeps a dump of it in the
 * temporary folder, under the checksum of the migrations; the others begin with that.
 */
export async function openMemoryDatabase(): Promise<Database> {
  const file = join(testFolder, `memory-${await contentKey()}.tar`)
  const snapshot = await readFile(file).catch(() => undefined)
  if (snapshot) return (await open(snapshot)).database
  const { database, driver } = await open(undefined)
  await migrateUp({ database })
  using deadline = startDeadline('dumping the database', {}, TIMEOUT_MS)
  await mkdir(testFolder, { recursive: true })
  await writeFile(`${file}.${process.pid}`, await driver.dump(deadline))
  await rename(`${file}.${process.pid}`, file)
  return database
}

async function open(snapshot: Uint8Array | undefined) {
  const driver = await createEmbeddedDriver(
    { driver: 'embedded', dataDir: 'memory' },
    { logger: silentLogger, ...(snapshot ? { snapshot } : {}) },
  )
  const database = createSqlDatabase({ driver, timeoutMs: TIMEOUT_MS, logger: silentLogger, clock: systemClock })
  return { driver, database }
}

/** Changes with the migrations and with PGlite, whose versions may differ in the format on disk. */
async function contentKey(): Promise<string> {
  const files = await readMigrationFiles(migrationsFolder())
  const library = await readFile(createRequire(import.meta.url).resolve('@electric-sql/pglite'))
  const hash = createHash('sha256').update(library)
  for (const { version, checksum } of files) hash.update(version).update(checksum)
  return hash.digest('hex').slice(0, 16)
}
