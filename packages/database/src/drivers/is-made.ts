import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseConfig } from '../database.ts'

/**
 * Whether this database exists, as far as that can be known without opening it: an embedded one is created when it is
 * first opened, one on a server is not. For callers that must not create one.
 */
export function isMade(config: DatabaseConfig): boolean {
  // Without this file Postgres does not take a folder for a database.
  return config.driver !== 'embedded' || existsSync(join(config.dataDir, 'data', 'PG_VERSION'))
}
