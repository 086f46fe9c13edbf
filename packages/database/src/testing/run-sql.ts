import { startDeadline } from '@core/foundation'
import type { Database } from '../database.ts'
import { type TextRow, withSession } from '../sql-session.ts'

/**
 * Raw SQL on a connection of any driver that has one, the only way into an embedded database. Values are texts as
 * Postgres sent them. Without parameters the text may hold several statements, and then nothing is returned.
 */
export async function runSql(
  database: Database,
  text: string,
  params?: readonly (string | null)[],
): Promise<TextRow[]> {
  using deadline = startDeadline('sql of a test', {}, 60_000)
  return await withSession(
    database,
    async (session) => {
      if (params) return await session.query(text, params)
      await session.execute(text)
      return []
    },
    deadline,
  )
}
