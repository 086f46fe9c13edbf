import type { Config } from '@core/config'
import { type Database, driverCapabilities, openDatabase } from '@core/database'
import { migrateUp, requireFinishedRestore } from '@core/database/migrate'
import { CoreError, type Logger } from '@core/foundation'
import { type DatabaseGuard, guardDatabase } from '../limits/database-guard.ts'
import { type DatabaseObserver, observeDatabase } from '../observe/database-observer.ts'
import type { Tracing } from '../observe/open-tracing.ts'
import { createRecentHistogram, type RecentHistogram } from '../observe/recent-histogram.ts'

export interface GuardedDatabase extends DatabaseGuard, AsyncDisposable {
  /** Past the breaker: failures of readings that may be late must not refuse the calls of requests. */
  readonly unguarded: Database
  readonly observed: DatabaseObserver
  /** How long calls waited for a connection. */
  readonly waits: RecentHistogram
}

export interface GuardedDatabaseOptions {
  readonly config: Pick<Config, 'database' | 'overload'>
  readonly tracing: Tracing | undefined
  readonly logger: Logger
  readonly onProgress: (line: string) => void
}

/** Opens the database, migrates it, and puts tracing, timing and the breaker before it. */
export async function openGuardedDatabase(options: GuardedDatabaseOptions): Promise<GuardedDatabase> {
  const { config, tracing, logger, onProgress } = options
  requireClaims(config.database.driver)
  const waits = createRecentHistogram()
  await using opened = new AsyncDisposableStack()
  const unguarded = opened.use(await openDatabase(config.database, { logger, onWait: waits.record }))
  await migrate(unguarded, onProgress)
  const observed = observeDatabase(tracing?.observe(unguarded) ?? unguarded)
  const { maxDatabaseCalls: maxCalls } = config.overload
  const guard = guardDatabase({ database: observed.database, maxCalls, logger })
  const owned = opened.move()
  return { ...guard, unguarded, observed, waits, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Behind a REST interface the key decides who acts, so a server could not act for others. It needs the Postgres itself. */
function requireClaims(driver: Database['driver']): void {
  if (driverCapabilities[driver].claims) return
  throw new CoreError('E_CONFIG_INVALID', `the control plane does not run on the ${driver} driver`, {
    fix: 'Set CORE_DATABASE_URL to the connection string of the Postgres behind it, or CORE_DATABASE_DRIVER=embedded.',
    details: { variable: 'CORE_DATABASE_URL' },
  })
}

async function migrate(database: Database, onProgress: (line: string) => void): Promise<void> {
  const { applied } = await migrateUp({
    database,
    onProgress: ({ index, total, version, name }) => onProgress(`migrating ${index}/${total} ${version}_${name}`),
  })
  if (applied.length > 0) onProgress(`migrated: ${applied.length} applied`)
  await requireFinishedRestore({ database })
}
