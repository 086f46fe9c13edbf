import { expect } from 'vitest'
import type { Ack } from './chaos-client.ts'
import { replayJournal, type Sql } from './replay-journal.ts'

/** After the chaos: every answer that a caller has got is in the journal, the audit is clean, the model agrees. */
export async function checkChaos(sql: Sql, acks: readonly Ack[]): Promise<{ accepted: number; denied: number }> {
  await untilQuiet(sql)
  const rows = await sql(`select key, id::float8 as tx from core.ledger_tx`)
  const journal = new Map(rows.map(({ key, tx }) => [String(key), Number(tx)]))
  const accepted = acks.filter(({ tx }) => tx !== null)
  expect(accepted.filter(({ key, tx }) => journal.get(key) !== tx)).toEqual([])
  // A denial is not stored, so a concurrent call with its key that was still under way may have been accepted after it.
  const settled = new Set(accepted.map(({ key }) => key))
  const denied = acks.filter(({ key, tx, doubtful }) => tx === null && !doubtful && !settled.has(key))
  const repeated = new Set(acks.map(({ key }) => key).filter((key, index, all) => all.indexOf(key) !== index))
  expect(denied.filter(({ key }) => !repeated.has(key) && journal.has(key))).toEqual([])
  const [audit] = await sql(`select core_api.ledger_audit() as audit`)
  expect(audit?.['audit']).toMatchObject({ violations: [] })
  expect(await replayJournal(sql)).toEqual([])
  return { accepted: accepted.length, denied: denied.length }
}

/** A statement whose connection was cut may commit later, and between two of the reads above. */
async function untilQuiet(sql: Sql): Promise<void> {
  const running = `select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
    and backend_type = 'client backend' and state <> 'idle'`
  await expect.poll(() => sql(running)).toEqual([])
}
