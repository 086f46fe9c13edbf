import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseConfig } from '../database.ts'

/**
 * Whether opening this database would find one, as far as that can be known without opening it: an embedded one is made
 * by the first opening, a server's is not. For those who only look.
 */
export function isMade(config: DatabaseConfig): boolean {
  // Without this file Postgres does not take a folder for a database.
  return config.driver !== 'embedded' || existsSync(join(config.dataDir, 'data', 'PG_VERSION'))
}
