import { setTimeout as pause } from 'node:timers/promises'
import type { TestDatabase } from './test-database.ts'

/** A test beside this one may fill a table for as long as a busy machine takes. */
const longestMs = 100_000

/**
 * Waits until no transaction is open that is older than this call, in any database of the server: the tests beside this
 * one have theirs. Throws after 100 seconds.
 */
export async function untilFinal({ sql }: Pick<TestDatabase, 'sql'>): Promise<void> {
  const [own] = await sql('select pg_current_xact_id()::text as xid')
  const deadline = Date.now() + longestMs
  const older = 'select pg_snapshot_xmin(pg_current_snapshot()) <= $1::text::xid8 as open'
  while ((await sql(older, [own?.['xid']]))[0]?.['open'] === true) {
    if (Date.now() > deadline) throw new Error('a transaction of the server of the tests has been open for 100 seconds')
    await pause(10)
  }
}
