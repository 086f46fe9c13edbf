import { type Clock, CoreError, type Logger, silentLogger, systemClock } from '@core/foundation'
import type { Database, DatabaseConfig } from './database.ts'
import { createSqlDatabase } from './sql-database.ts'

export interface DatabaseDependencies {
  logger?: Logger
  clock?: Clock
  /**
   * Called for each statement with the milliseconds it waited before it was sent: for a connection of the pool (which
   * may have to be opened first), or for its turn in the embedded database. The drivers http and supabase never wait.
   */
  onWait?: ((ms: number) => void) | undefined
}

const DEFAULT_TIMEOUT_MS = 10_000

/**
 * Opens the database of the given driver. The embedded one is opened at once (E_DATABASE_LOCKED when another process
 * has it); the others connect at the first call, so that a program can start while its database is unreachable.
 * Only the library of the chosen driver is loaded.
 */
export async function openDatabase(config: DatabaseConfig, deps: DatabaseDependencies = {}): Promise<Database> {
  const clock = deps.clock ?? systemClock
  const logger = (deps.logger ?? silentLogger).child({ component: 'database', driver: config.driver })
  const driverName: unknown = config.driver
  const timeoutMs = config.timeoutMs ?? DEFAULT_TIMEOUT_MS
  switch (config.driver) {
    case 'embedded': {
      const { createEmbeddedDriver } = await import('./drivers/embedded.ts')
      const driver = await createEmbeddedDriver(config, { logger, onWait: deps.onWait })
      return createSqlDatabase({ driver, timeoutMs, logger, clock })
    }
    case 'postgres': {
      const { createPostgresDriver } = await import('./drivers/postgres.ts')
      const driver = createPostgresDriver(config, { logger, clock, onWait: deps.onWait })
      return createSqlDatabase({ driver, timeoutMs, logger, clock })
    }
    case 'supabase': {
      const { createSupabaseDatabase } = await import('./drivers/supabase.ts')
      return createSupabaseDatabase(config, { timeoutMs, logger, clock })
    }
    case 'http': {
      const { createHttpDatabase } = await import('./drivers/http.ts')
      return createHttpDatabase(config, { timeoutMs, logger, clock })
    }
    default:
      // The driver alone: the other options hold passwords and keys.
      config satisfies never
      throw new CoreError('E_INVALID', `unknown database driver ${JSON.stringify(driverName)}`, {
        fix: 'Choose embedded, postgres, supabase or http.',
      })
  }
}
