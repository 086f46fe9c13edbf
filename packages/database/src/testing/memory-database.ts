import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLogger, startDeadline, systemClock } from '@core/foundation'
import type { Database } from '../database.ts'
import { createEmbeddedDriver, type EmbeddedDependencies } from '../drivers/embedded.ts'
import { createSqlDatabase, type SqlDatabaseDependencies } from '../sql-database.ts'
import { createEmbeddedFolder } from './embedded-folder.ts'
import { makeOnce } from './make-once.ts'
import { readMigrationsKey } from './migrations-key.ts'
import { testFolder } from './test-server-place.ts'

const TIMEOUT_MS = 60_000

/**
 * A migrated embedded database in memory. The first call in a temporary folder keeps a dump of the prepared folder there,
 * under the checksum of the migrations; all begin with that.
 */
export function openMemoryDatabase(): Promise<Database> {
  return openWithLimits({})
}

/** The same, with other limits of its closing. */
export async function openWithLimits(limits: ClosingLimits): Promise<Database> {
  const file = join(testFolder, `memory-${await readMigrationsKey()}.tar`)
  await makeOnce(file, makeSnapshot)
  return (await open('memory', { snapshot: await readFile(file), ...limits })).database
}

type ClosingLimits = Pick<EmbeddedDependencies, 'closeMs'> & Pick<SqlDatabaseDependencies, 'drainMs'>

async function makeSnapshot(file: string): Promise<void> {
  await using folder = await createEmbeddedFolder()
  const { database, driver } = await open(folder.dataDir)
  await using _ = database
  using deadline = startDeadline('dumping the database', {}, TIMEOUT_MS)
  await writeFile(file, await driver.dump(deadline))
}

async function open(dataDir: string, { snapshot, closeMs, drainMs }: { snapshot?: Uint8Array } & ClosingLimits = {}) {
  const logger = silentLogger
  const driver = await createEmbeddedDriver({ driver: 'embedded', dataDir }, { logger, snapshot, closeMs })
  const database = createSqlDatabase({ driver, timeoutMs: TIMEOUT_MS, logger, clock: systemClock, drainMs })
  return { driver, database }
}
