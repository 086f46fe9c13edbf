import { CoreError, isCoreError, startDeadline } from '@core/foundation'
import { liftTimeouts, type SqlSession, withSession } from '../sql-session.ts'
import { ensureHistory, lockHistory, readHistory, recordMigration } from './history.ts'
import { requireSuitable } from './inspect-settings.ts'
import {
  compareHistory,
  type MigrateOptions,
  type MigrationState,
  refuseChanged,
  refuseNewer,
} from './migrate-status.ts'
import { type MigrationFile, migrationsFolder, readMigrationFiles } from './migration-files.ts'

export interface MigrateProgress {
  version: string
  name: string
  /** From 1 to `total`, among the pending ones. */
  index: number
  total: number
}

export interface MigrateUpOptions extends MigrateOptions {
  /** Called before each migration. */
  onProgress?: ((progress: MigrateProgress) => void) | undefined
}

export interface MigrateResult {
  /** What this call applied, in order. */
  applied: MigrationState[]
  /** Migrations the database has now. */
  total: number
}

const UP_TIMEOUT_MS = 600_000

/**
 * Applies what is pending, each migration in one transaction, so a failure leaves the ones before it and nothing of
 * its own. Several processes may call it at once. Throws E_DATABASE_SCHEMA when an applied file was edited
 * (`details.reason` "migration_changed") or one fails ("migration_failed").
 */
export async function migrateUp({
  database,
  folder,
  onProgress,
  ...options
}: MigrateUpOptions): Promise<MigrateResult> {
  using deadline = startDeadline('migrate up', options, UP_TIMEOUT_MS)
  const files = await readMigrationFiles(folder ?? migrationsFolder())
  return withSession(database, (session) => applyPending(session, files, onProgress), deadline)
}

export async function applyPending(
  session: SqlSession,
  files: readonly MigrationFile[],
  onProgress?: (progress: MigrateProgress) => void,
): Promise<MigrateResult> {
  await requireSuitable(session)
  const status = compareHistory(files, await readHistory(session))
  refuseNewer(status)
  refuseChanged(status)
  const pending = files.filter((_, index) => status.migrations[index]?.state === 'pending')
  const applied: MigrationState[] = []
  for (const [index, file] of pending.entries()) {
    onProgress?.({ version: file.version, name: file.name, index: index + 1, total: pending.length })
    if (await applyOne(session, file)) applied.push({ version: file.version, name: file.name, state: 'applied' })
  }
  // PostgREST keeps a copy of the schema; where it listens, it reads it again.
  if (applied.length > 0) await session.execute(`notify pgrst, 'reload schema'`)
  return { applied, total: files.length }
}

/**
 * All statements go as one message: with one for each this process takes twice the CPU, and the server a sixth more. Of a message
 * that fails Postgres does not say which statement it was: then they are tried again one by one. False when another process was
 * faster.
 */
async function applyOne(session: SqlSession, file: MigrationFile): Promise<boolean> {
  try {
    return await applyMessages(session, file, [file.statements.join('\n;\n')]) // a statement may end in a line's comment
  } catch (error) {
    if (!isCoreError(error, 'E_DATABASE_SCHEMA') || error.details['reason'] !== 'migration_failed') throw error
    return applyMessages(session, file, file.statements)
  }
}

async function applyMessages(session: SqlSession, file: MigrationFile, messages: readonly string[]): Promise<boolean> {
  return inTransaction(session, async () => {
    await session.query(lockHistory)
    // Of a host's search path a name without a schema could mean something else.
    await session.execute('set local search_path = pg_catalog, pg_temp')
    await ensureHistory(session)
    const history = await readHistory(session, file.version)
    if (history.has(file.version)) {
      refuseChanged(compareHistory([file], history))
      return false
    }
    for (const statement of messages) {
      await session.execute(statement).catch((error: unknown) => {
        throw toMigrationError(error, file, statement)
      })
    }
    await recordMigration(session, file)
    return true
  })
}

const insufficientPrivilege = '42501'

function toMigrationError(error: unknown, { file, version }: MigrationFile, statement: string): unknown {
  if (!isCoreError(error) || error.details['sqlstate'] === undefined || error.code === 'E_DATABASE_UNAVAILABLE')
    return error
  const sqlstate = error.details['sqlstate']
  return new CoreError('E_DATABASE_SCHEMA', `migration ${file} failed: ${error.message}`, {
    cause: error,
    fix:
      sqlstate === insufficientPrivilege
        ? 'Run `core migrate plan`, have a DBA execute the SQL it prints, then run `core migrate up` again.'
        : 'Nothing of this migration was kept. Fix what the message names and run `core migrate up` again.',
    details: { reason: 'migration_failed', version, statement, sqlstate },
  })
}

export async function inTransaction<Value>(session: SqlSession, work: () => Promise<Value>): Promise<Value> {
  await session.execute('begin')
  try {
    await liftTimeouts(session)
    const value = await work()
    await session.execute('commit')
    return value
  } catch (error) {
    await session.execute('rollback').catch(() => undefined) // the connection may be what failed
    throw error
  }
}
