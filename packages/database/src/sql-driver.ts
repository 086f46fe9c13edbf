import type { DatabaseLoad } from './database.ts'
import type { TextRow, WithSession } from './sql-session.ts'

/** What a driver with a SQL connection provides; `createSqlDatabase` builds a Database on it. */
export interface SqlDriver {
  readonly kind: 'embedded' | 'postgres'
  /**
   * One statement in its own transaction. Rejects with the signal's reason as soon as it aborts, and then stops the
   * statement as well as the back end allows. Other failures are CoreErrors.
   */
  query(sql: string, params: readonly (string | null)[], options: { signal: AbortSignal }): Promise<TextRow[]>
  session: WithSession
  load(): DatabaseLoad
  /** Rejects where a commit would not last, although it succeeds. Left out: the server itself sees to that. */
  requireKept?(): Promise<void>
  listen(channel: string, onHint: (payload: string) => void, options: { signal: AbortSignal }): Promise<AsyncDisposable>
  /** Frees everything at once; what still runs is cut off. */
  close(): Promise<void>
}
