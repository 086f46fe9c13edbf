import { type CallOptions, CoreError, startDeadline } from '@core/foundation'
import type { Database } from '../database.ts'
import { withSession } from '../sql-session.ts'
import { STATUS_TIMEOUT_MS } from './migrate-status.ts'

export interface RestoreOptions extends CallOptions {
  database: Database
}

export interface RestoreStatus {
  /** False where the data came from another cluster and `finishRestore` has to run. */
  finished: boolean
  /** The greatest transaction number in the tables. */
  stored: number
  /** The number that this server gives out next. */
  next: number
}

export async function restoreStatus({ database, ...options }: RestoreOptions): Promise<RestoreStatus> {
  const row = await call(
    database,
    options,
    `select finished, stored, next
    from jsonb_to_record(core_api.restore_status()) as r (finished text, stored text, next text)`,
  )
  return { finished: row['finished'] === 'true', stored: Number(row['stored']), next: Number(row['next']) }
}

/** Continues the transaction numbers after a copy to another cluster. Idempotent; the owner's alone. */
export async function finishRestore({ database, ...options }: RestoreOptions): Promise<{ changed: boolean }> {
  const row = await call(database, options, `select core_api.restore_finish() ->> 'changed' as changed`)
  return { changed: row['changed'] === 'true' }
}

/** Throws E_DATABASE_SCHEMA with `details.reason` "restore_unfinished" until `finishRestore` has run. */
export async function requireFinishedRestore(options: RestoreOptions): Promise<void> {
  const { finished, stored, next } = await restoreStatus(options)
  if (finished) return
  throw new CoreError(
    'E_DATABASE_SCHEMA',
    `this database was copied from another server: it holds transaction number ${stored}, and the server is at ${next}`,
    { fix: 'Run `core migrate finish-restore` once.', details: { reason: 'restore_unfinished', stored, next } },
  )
}

async function call(database: Database, options: CallOptions, statement: string) {
  using deadline = startDeadline('restore status', options, STATUS_TIMEOUT_MS)
  const [row] = await withSession(database, (session) => session.query(statement), deadline)
  return row ?? {}
}
