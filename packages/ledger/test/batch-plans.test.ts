import { randomUUID } from 'node:crypto'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callWithNewKey } from './ledger-under-test.ts'

/** A connection keeps the plans that it made first, and what the planner then knew of the tables was that they were empty. */

let base: TestDatabase
beforeAll(async () => {
  base = await createTestDatabase()
  await callWithNewKey(base, 'account_open', { p_account: 'spender' })
  await callWithNewKey(base, 'grant', { p_account: 'spender', p_amount: 1_000_000 })
  await base.sql('vacuum')
})
afterAll(() => base.drop())

const count = 50

test('a batch looks up each of its operations, also where a vacuum has found the tables empty', async () => {
  const client = await base.connect()
  const send = async (make: (at: number) => object) => {
    await client.query('begin')
    const ops = JSON.stringify(Array.from({ length: count }, (_, at) => ({ key: randomUUID(), ...make(at) })))
    const { rows } = await client.query('select core_api.ledger_batch_json($1) as answer', [ops])
    const { rows: scans } = await client.query(
      `select relname as table, idx_scan::int as scans from pg_stat_xact_user_tables where relname in ('ledger_hold', 'ledger_tx')`,
    )
    await client.query('commit')
    return {
      results: rows[0].answer.results,
      scans: Object.fromEntries(scans.map(({ table, scans }) => [table, scans])),
    }
  }
  const reserved = await send(() => ({ op: 'reserve', account: 'spender', amount: 10 }))
  expect(reserved.scans.ledger_tx).toBeGreaterThanOrEqual(count)
  const settled = await send((at) => ({ op: 'settle', hold: reserved.results[at].hold, amount: 5 }))
  expect(settled.scans.ledger_tx).toBeGreaterThanOrEqual(count)
  // Found, locked, read and written.
  expect(settled.scans.ledger_hold).toBeGreaterThanOrEqual(4 * count)
})
