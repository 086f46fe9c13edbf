import { startDeadline } from '@core/foundation'
import { withSession } from '../sql-session.ts'
import { ensureHistory, historyTable, lockHistory } from './history.ts'
import { applyPending, inTransaction, type MigrateResult, type MigrateUpOptions } from './migrate-up.ts'
import { migrationsFolder, readMigrationFiles } from './migration-files.ts'

const RESET_TIMEOUT_MS = 600_000

/**
 * Drops the schemas core and core_api with everything in them (credits, keys, history) and what depends on them, forgets
 * their migrations, and applies all of them anew. The projects' own schemas stay. Irreversible.
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
      })
      return applyPending(session, files, onProgress)
    },
    deadline,
  )
}
