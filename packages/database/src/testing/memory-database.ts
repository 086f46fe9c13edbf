import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLogger, startDeadline, systemClock } from '@core/foundation'
import type { Database } from '../database.ts'
import { createEmbeddedDriver } from '../drivers/embedded.ts'
import { migrateUp } from '../migrate/index.ts'
import { createSqlDatabase } from '../sql-database.ts'
import { readMigrationsKey } from './migrations-key.ts'
import { testFolder } from './test-server-place.ts'

const TIMEOUT_MS = 60_000

/**
 * A migrated embedded database in memory. The first call in a temporary folder makes it (seconds) and keeps a dump of it
 * there, under the checksum of the migrations; the others begin with that.
 */
export async function openMemoryDatabase(): Promise<Database> {
  const file = join(testFolder, `memory-${await readMigrationsKey()}.tar`)
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
