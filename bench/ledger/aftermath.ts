import { setTimeout as sleep } from 'node:timers/promises'
import type { Json } from '@core/database'
import { type Row, toRow } from '../row.ts'
import { fieldOf, numberOf } from './answer.ts'
import { goals } from './goals.ts'
import type { Platform } from './platform.ts'

/** Busy connections report their counts once a second at most, idle ones when they are asked for something. */
const STATISTICS_DELAY_MS = 1_500
const AUDIT_TIMEOUT_MS = 600_000

/** What the run did to the tables; throws when the audit finds fault, because figures of wrong books are worth nothing. */
export async function readAftermath({ name: at, database }: Platform): Promise<Row[]> {
  await sleep(STATISTICS_DELAY_MS)
  await database.call('bench_facts', {}) // makes this connection report its own
  const facts = await database.call('bench_facts', {})
  const audit = await database.rpc('ledger_audit', {}, { timeoutMs: AUDIT_TIMEOUT_MS })
  if (fieldOf(audit, 'clean') !== true)
    throw new Error(`the audit found fault: ${JSON.stringify(audit).slice(0, 2_000)}`)
  const share = (table: string) => hotShare(fieldOf(fieldOf(facts, 'tables'), table))
  return [
    toRow(`${at}: HOT updates of accounts`, share('ledger_account'), '%', goals.hotUpdates),
    toRow(`${at}: HOT updates of windows`, share('ledger_window'), '%', goals.hotUpdates),
    toRow(`${at}: HOT updates of holds`, share('ledger_hold'), '%'),
    toRow(`${at}: deadlocks`, numberOf(facts, 'deadlocks'), 'count', goals.deadlocks),
  ]
}

function hotShare(table: Json): number {
  return (numberOf(table, 'hot') / numberOf(table, 'updated')) * 100
}
