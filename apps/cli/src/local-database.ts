import { type Config, loadConfig } from '@core/config'
import { type Database, type DatabaseConfig, isMade, openDatabase } from '@core/database'
import { CoreError, isCoreError } from '@core/foundation'
import type { CommandIo } from './io.ts'
import { commandVariables } from './target.ts'

/** The configuration of this folder and environment. @throws CoreError E_CONFIG_INVALID with every fault. */
export function localConfig({ env, cwd }: Pick<CommandIo, 'env' | 'cwd'>): Config {
  return loadConfig({ env, cwd, knownVariables: commandVariables })
}

interface OpenLocalOptions {
  /** An embedded database that is not there is made. Default: it is said that there is none. */
  readonly make?: true
}

/** Opens the configured database directly, for the verbs that work without a control plane. */
export async function openLocalDatabase(
  { database }: { readonly database: DatabaseConfig },
  { make }: OpenLocalOptions = {},
): Promise<Database> {
  if (database.driver === 'embedded' && make === undefined && !isMade(database)) {
    throw new CoreError('E_NOT_FOUND', `there is no database in ${database.dataDir}`, {
      fix: 'Go to the folder where core start runs, or name its data folder in CORE_DATA_DIR. core start and core migrate up make one.',
    })
  }
  try {
    return await openDatabase(database)
  } catch (error) {
    if (!isCoreError(error, 'E_DATABASE_LOCKED')) throw error
    throw new CoreError('E_DATABASE_LOCKED', error.message, {
      cause: error,
      details: error.details,
      fix: 'Most likely a control plane runs here: it migrates when it starts. Stop it first.',
    })
  }
}
