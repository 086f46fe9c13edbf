import { startDeadline } from '@core/foundation'
import { withSession } from '../sql-session.ts'
import { ensureHistory, historyTable, lockHistory } from './history.ts'
import { applyPending, inTransaction, type MigrateResult, type MigrateUpOptions } from './migrate-up.ts'
import { migrationsFolder, readMigrationFiles } from './migration-files.ts'

const RESET_TIMEOUT_MS = 600_000

/** Core's own migrations before there was one per noun; the names leave a host's migration of that minute alone. */
const forgetOldHistory = `
  delete from ${historyTable}
  where version like '2026112000%' and name ~ '^(core|kept|project|flag|key|member|limit|audit|system|error|ledger)_'`

/**
 * Drops the schemas core and core_api with everything in them (credits, keys, history) and what depends on them, removes
 * their migrations from the history, and applies all of them. The projects' own schemas stay. Irreversible.
 */
export async function migrateReset({
  database,
  folder,
  onProgress,
  ...options
}: MigrateUpOptions): Promise<MigrateResult> {
  using deadline = startDeadline('migrate reset', options, RESET_TIMEOUT_MS)
  const files = await readMigrationFiles(folder ?? migrationsFolder())
  return withSession(
    database,
    async (session) => {
      await inTransaction(session, async () => {
        await session.query(lockHistory)
        await ensureHistory(session)
        await session.execute('drop schema if exists core_api cascade')
        await session.execute('drop schema if exists core cascade')
        await session.query(
          `delete from ${historyTable} where version in (select jsonb_array_elements_text($1::jsonb))`,
          [JSON.stringify(files.map(({ version }) => version))],
        )
        await session.execute(forgetOldHistory)
      })
      return applyPending(session, files, onProgress)
    },
    deadline,
  )
}
