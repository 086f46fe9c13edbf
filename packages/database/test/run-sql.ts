import { startDeadline } from '@core/foundation'
import type { Database } from '../src/index.ts'
import { withSession } from '../src/sql-session.ts'

/** Raw SQL through the connection of an embedded database, which has no other. */
export async function runSql(database: Database, text: string): Promise<void> {
  using deadline = startDeadline('sql of a test', {}, 30_000)
  await withSession(database, (session) => session.execute(text), deadline)
}
