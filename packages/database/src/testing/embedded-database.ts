import { systemClock as clock, silentLogger as logger } from '@core/foundation'
import type { Database } from '../database.ts'
import { createEmbeddedDriver, type EmbeddedDependencies, type EmbeddedDriver } from '../drivers/embedded.ts'
import { createSqlDatabase, type SqlDatabaseDependencies } from '../sql-database.ts'
import { createEmbeddedFolder } from './embedded-folder.ts'

/** How long closing waits, for calls in flight, then for the statement that runs; and how often upkeep looks. */
export type EmbeddedLimits = Pick<EmbeddedDependencies, 'closeMs' | 'upkeepMs'> &
  Pick<SqlDatabaseDependencies, 'drainMs'>

const timeoutMs = 60_000

/** A migrated embedded database in a folder of its own, which goes when it is closed. */
export async function openEmbeddedDatabase(): Promise<Database> {
  return (await openEmbedded()).database
}

/** The same with its driver, and with limits. */
export async function openEmbedded({ drainMs, ...limits }: EmbeddedLimits = {}): Promise<{
  database: Database
  driver: EmbeddedDriver
}> {
  const folder = await createEmbeddedFolder()
  const opened = await createEmbeddedDriver({ driver: 'embedded', dataDir: folder.dataDir }, { logger, ...limits })
  const driver: EmbeddedDriver = {
    ...opened,
    async close() {
      await opened.close()
      await folder[Symbol.asyncDispose]()
    },
  }
  return { driver, database: createSqlDatabase({ driver, timeoutMs, logger, clock, drainMs }) }
}
