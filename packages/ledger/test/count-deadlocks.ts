import { setTimeout as sleep } from 'node:timers/promises'
import type { TestDatabase } from '@core/database/testing'

/**
 * How many deadlocks a test database has seen in all. Ends idle connections first: one that is left idle may keep what it
 * has counted for ten seconds, one that ends reports it at once.
 */
export async function countDeadlocks({ sql }: Pick<TestDatabase, 'sql'>): Promise<number> {
  const others = `from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
    and backend_type = 'client backend' and state = 'idle'`
  const pids = await sql(`select pid, pg_terminate_backend(pid) ${others}`)
  const left = `select ${others} and pid = any ($1)`
  for (const until = Date.now() + 5_000; Date.now() < until; await sleep(5)) {
    if ((await sql(left, [pids.map(({ pid }) => pid)])).length === 0) break
  }
  const [row] = await sql('select deadlocks::int from pg_stat_database where datname = current_database()')
  return Number(row?.['deadlocks'])
}
