import { type CallOptions, CoreError, startDeadline } from '@core/foundation'
import type { Database } from '../database.ts'
import { withSession } from '../sql-session.ts'
import { type AppliedMigration, readHistory } from './history.ts'
import { isSame, type MigrationFile, migrationsFolder, readMigrationFiles } from './migration-files.ts'

export interface MigrationState {
  version: string
  name: string
  /** `changed`: it was applied, but the file differs from what was applied. */
  state: 'applied' | 'pending' | 'changed'
}

export interface MigrationStatus {
  migrations: MigrationState[]
  /** Versions in the history that are not Core's, for example of the host's own migrations. Left alone. */
  foreign: string[]
  /** Migrations of a newer version of Core, as `<version>_<name>`. This version must not run on them. */
  newer: string[]
}

export interface MigrateOptions extends CallOptions {
  database: Database
  /** Folder of migrations. Default: Core's own. */
  folder?: string | undefined
}

export const STATUS_TIMEOUT_MS = 30_000

/** Compares the files with the history. Changes nothing. */
export async function migrateStatus({ database, folder, ...options }: MigrateOptions): Promise<MigrationStatus> {
  using deadline = startDeadline('migrate status', options, STATUS_TIMEOUT_MS)
  const files = await readMigrationFiles(folder ?? migrationsFolder())
  return compareHistory(files, await withSession(database, readHistory, deadline))
}

/** The status of a database that is not made yet: everything is pending. */
export async function statusOfNone({ folder }: Pick<MigrateOptions, 'folder'> = {}): Promise<MigrationStatus> {
  return compareHistory(await readMigrationFiles(folder ?? migrationsFolder()), new Map())
}

export function compareHistory(
  files: readonly MigrationFile[],
  history: ReadonlyMap<string, AppliedMigration>,
): MigrationStatus {
  const own = new Set(files.map((file) => file.version))
  const newest = files.at(-1)?.version ?? ''
  const isNewer = (version: string) => version > newest && history.get(version)?.isCores === true
  return {
    migrations: files.map(({ version, name, statements }) => {
      const applied = history.get(version)
      if (!applied) return { version, name, state: 'pending' }
      return { version, name, state: isSame(statements, applied.statements ?? statements) ? 'applied' : 'changed' }
    }),
    foreign: [...history.keys()].filter((version) => !own.has(version) && !isNewer(version)),
    newer: [...history.values()]
      .filter(({ version }) => isNewer(version))
      .map(({ version, name }) => `${version}_${name}`),
  }
}

/** Throws E_DATABASE_SCHEMA where a newer version of Core has migrated this database. */
export function refuseNewer({ newer }: MigrationStatus): void {
  if (newer.length === 0) return
  throw new CoreError(
    'E_DATABASE_SCHEMA',
    `this database was migrated by a newer version of Core: ${newer.join(', ')}`,
    {
      fix: 'Upgrade this Core to that version, or restore the backup from before the upgrade.',
      details: { reason: 'database_newer', versions: newer },
    },
  )
}

/** Throws E_DATABASE_SCHEMA when a migration was edited after this database applied it. */
export function refuseChanged({ migrations }: MigrationStatus): void {
  const changed = migrations.filter(({ state }) => state === 'changed')
  if (changed.length === 0) return
  const list = changed.map(({ version, name }) => `${version}_${name}`).join(', ')
  throw new CoreError('E_DATABASE_SCHEMA', `this database was made by other versions of: ${list}`, {
    fix:
      'It is of another pre-release: before 0.2.0 migrations changed in place. `core database copy` carries what it holds into an ' +
      'empty database or a new folder. `core migrate reset --yes` gives all credits and history up instead.',
    details: { reason: 'migration_changed', versions: changed.map(({ version }) => version) },
  })
}
