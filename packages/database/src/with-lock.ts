import { CoreError } from '@core/foundation'
import type { Database } from './database.ts'
import { liftTimeouts, withSession } from './sql-session.ts'

/**
 * Runs `work` while an advisory lock is held; undefined where another holds it. The lock is that of a transaction on a connection
 * of its own: behind a pooler only a transaction keeps its connection, and a lock of a session would stay with one that others
 * use. Between statements it has no snapshot, so no build and no vacuum waits for it. `spare`: connections of the pool that the
 * two, of the lock and of the work, leave to others.
 */
export function withLock<Value>(
  database: Database,
  name: string,
  work: () => Promise<Value>,
  { signal, spare }: { readonly signal: AbortSignal; readonly spare: number },
): Promise<Value | undefined> {
  const needed = 2 + spare
  const capacity = database.load()?.capacity ?? needed
  if (capacity < needed) {
    throw new CoreError('E_INVALID', `this needs ${needed} connections of the pool, which has ${capacity}`, {
      fix: `Set CORE_DATABASE_POOL_SIZE to ${needed} or more.`,
    })
  }
  return withSession(
    database,
    async (session) => {
      await session.execute('begin isolation level read committed')
      try {
        const [row] = await session.query('select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as taken', [name])
        // It also ends the statement before it, whose snapshot a build would otherwise wait for.
        await liftTimeouts(session)
        return row?.['taken'] === 't' ? await work() : undefined
      } finally {
        // A lost connection has lost its lock as well.
        await session.execute('rollback').catch(() => undefined)
      }
    },
    { signal },
  )
}
