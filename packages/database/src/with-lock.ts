import { CoreError } from '@core/foundation'
import type { Database } from './database.ts'
import { withSession } from './sql-session.ts'

/**
 * Runs `work` while an advisory lock is held; undefined where another holds it. The lock is that of a transaction on a connection
 * of its own: behind a pooler only a transaction keeps its connection, and a lock of a session would stay with one that others
 * use. Between statements it has no snapshot, so no build and no vacuum waits for it.
 */
export function withLock<Value>(
  database: Database,
  name: string,
  work: () => Promise<Value>,
  options: { readonly signal: AbortSignal },
): Promise<Value | undefined> {
  if ((database.load()?.capacity ?? 2) < 2) {
    throw new CoreError('E_INVALID', 'this needs two connections of the pool', {
      fix: 'Set CORE_DATABASE_POOL_SIZE to 2 or more.',
    })
  }
  return withSession(
    database,
    async (session) => {
      await session.execute('begin isolation level read committed')
      try {
        const [row] = await session.query('select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as taken', [name])
        // Ends the statement before it, whose snapshot a build would otherwise wait for.
        await session.execute('set local idle_in_transaction_session_timeout = 0')
        return row?.['taken'] === 't' ? await work() : undefined
      } finally {
        // A lost connection has lost its lock as well.
        await session.execute('rollback').catch(() => undefined)
      }
    },
    options,
  )
}
