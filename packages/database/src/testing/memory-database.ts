import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock as clock, silentLogger as logger, startDeadline } from '@core/foundation'
import type { Database } from '../database.ts'
import { createEmbeddedDriver } from '../drivers/embedded.ts'
import { createSqlDatabase } from '../sql-database.ts'
import { type EmbeddedLimits, openEmbedded } from './embedded-database.ts'
import { makeOnce } from './make-once.ts'
import { readMigrationsKey } from './migrations-key.ts'
import { testFolder } from './test-server-place.ts'

const timeoutMs = 60_000

/**
 * A migrated embedded database in memory. The first call in a temporary folder keeps a dump of the prepared folder there,
 * under the checksum of the migrations; all begin with that. One in a folder opens with half the CPU.
 */
export function openMemoryDatabase(): Promise<Database> {
  return openInMemory({})
}

/** The same with limits of its closing. */
export async function openInMemory({ drainMs, ...limits }: EmbeddedLimits): Promise<Database> {
  const file = join(testFolder, `memory-${await readMigrationsKey()}.tar`)
  await makeOnce(file, makeSnapshot)
  const snapshot = await readFile(file)
  const driver = await createEmbeddedDriver({ driver: 'embedded', dataDir: 'memory' }, { logger, snapshot, ...limits })
  return createSqlDatabase({ driver, timeoutMs, logger, clock, drainMs })
}

async function makeSnapshot(file: string): Promise<void> {
  const { database, driver } = await openEmbedded()
  await using _ = database
  using deadline = startDeadline('dumping the database', {}, timeoutMs)
  await writeFile(file, await driver.dump(deadline))
}
