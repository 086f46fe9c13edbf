import { CoreError } from '@core/foundation'
import type { Database } from './database.ts'

/** Rows in text format: what Postgres sent, undecoded, so that every driver gives the same. */
export type TextRow = Record<string, string | null>

/** One connection, held alone. For migrations and the test kit; the rest of Core goes through functions. */
export interface SqlSession {
  query(sql: string, params?: readonly (string | null)[]): Promise<TextRow[]>
  /** Several statements in one string, without parameters or results. */
  execute(sql: string): Promise<void>
}

export type WithSession = <Value>(
  work: (session: SqlSession) => Promise<Value>,
  options: { signal: AbortSignal },
) => Promise<Value>

const sessions = new WeakMap<Database, WithSession>()

/** Remembers how to reach raw SQL behind a database without putting it on the public interface. */
export function offerSession(database: Database, withSession: WithSession): void {
  sessions.set(database, withSession)
}

/** `transaction_timeout` is one of Postgres 17 and later. */
const hostTimeouts = `pg_settings where name in ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`

/**
 * What a host has set for callers that wait would cut off work that takes minutes: a migration, a copy, an index, and a lock that is
 * held for one. Until the transaction ends, or for the session, it has no end but the deadline of the call.
 */
export async function liftTimeouts(
  session: SqlSession,
  until: 'transaction' | 'session' = 'transaction',
): Promise<void> {
  await session.execute(`select set_config(name, '0', ${until === 'transaction'}) from ${hostTimeouts}`)
}

/** Gives the session back what the host has set. */
export async function restoreTimeouts(session: SqlSession): Promise<void> {
  await session.query(`select set_config(name, reset_val, false) from ${hostTimeouts}`)
}

/** Runs `work` on a connection of its own. Throws E_INVALID for a driver that has no SQL connection. */
export function withSession<Value>(
  database: Database,
  work: (session: SqlSession) => Promise<Value>,
  options: { signal: AbortSignal },
): Promise<Value> {
  const open = sessions.get(database)
  if (!open) {
    throw new CoreError('E_INVALID', `the ${database.driver} driver has no SQL connection`, {
      fix: 'Use the postgres driver with a connection string (CORE_DATABASE_URL), or the Supabase CLI.',
    })
  }
  return open(work, options)
}
