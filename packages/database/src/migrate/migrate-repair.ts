import { type CallOptions, startDeadline } from '@core/foundation'
import type { Database } from '../database.ts'
import { type SqlSession, withSession } from '../sql-session.ts'
import { lockHistory, readHistory } from './history.ts'
import { compareHistory, refuseChanged } from './migrate-status.ts'
import { inTransaction } from './migrate-up.ts'
import { migrationsFolder, readMigrationFiles } from './migration-files.ts'

export interface RepairResult {
  /** Statements that were executed again. */
  readonly executed: number
  /** SQL that a DBA has to execute, because this owner may not. */
  readonly left: readonly string[]
}

const REPAIR_TIMEOUT_MS = 120_000

/**
 * Gives back what a restore into another cluster loses: the roles, and the grants to them. Executes those statements of
 * the applied migrations again; each is idempotent, and data is not touched. All in one transaction.
 */
export async function migrateRepair(database: Database, options: CallOptions = {}): Promise<RepairResult> {
  using deadline = startDeadline('migrate repair', options, REPAIR_TIMEOUT_MS)
  return withSession(database, (session) => inTransaction(session, () => repairRights(session)), deadline)
}

/** The same within a transaction of the caller. */
export async function repairRights(session: SqlSession): Promise<RepairResult> {
  const files = await readMigrationFiles(migrationsFolder())
  await session.query(lockHistory)
  const status = compareHistory(files, await readHistory(session))
  refuseChanged(status)
  const applied = files.filter((_, index) => status.migrations[index]?.state === 'applied')
  const statements = applied.flatMap((file) => file.statements.filter(isAboutRights))
  if (statements.length === 0) return { executed: 0, left: [] }
  await session.execute(statements.join('\n;\n')) // as one message: they are hundreds of small ones
  const projects = await session.query(`select core.project_make_schema(name) as sql from core.project order by name`)
  return { executed: statements.length, left: projects.flatMap(({ sql }) => (sql ? [sql] : [])) }
}

function isAboutRights(statement: string): boolean {
  const bare = statement.replace(/^(?:\s|--[^\n]*\n)+/, '')
  return (
    /^(?:grant|revoke|notify)\b/i.test(bare) ||
    (/^do\b/i.test(bare) && /create role|authenticator|revoke execute/.test(bare))
  )
}
