import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { callWithNewKey } from './ledger-under-test.ts'

/** A single call reads its budgets as it locks their windows: one that is set while the call waits there binds it all the same. */

let base: TestDatabase
beforeEach(async () => {
  base = await createTestDatabase({ poolSize: 4 })
  await call('account_open', { p_account: 'spender' })
  await call('grant', { p_account: 'spender', p_amount: 1_000 })
  await call('budget_set', { p_account: 'spender', p_name: 'daily', p_period: 'day', p_limit: 100 })
})
afterEach(async () => {
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  await base.drop()
})

const call = (op: string, args: Record<string, JsonInput>) => callWithNewKey(base, op, args)

/** Sets something of the budget while a call waits for the window. */
async function whileItWaits<Value>(budget: string, start: () => Promise<Value>): Promise<Value> {
  await call('charge', { p_account: 'spender', p_amount: 1 }) // makes the window
  const client = await base.connect()
  await client.query('begin')
  await client.query('select from core.ledger_window for no key update')
  const started = start()
  const waiting = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  while ((await base.sql(waiting)).length === 0) await sleep(5)
  await client.query('update core.ledger_window set moved = moved')
  await client.query(`update core.ledger_budget set ${budget}`)
  await client.query('commit')
  return await started
}

test.each(['reserve', 'charge'])('a lower limit denies a %s', async (op) => {
  const spend = () => call(op, { p_account: 'spender', p_amount: 60 })
  expect(await whileItWaits('limit_amount = 50', spend)).toMatchObject({ ok: false, code: 'budget_exhausted' })
})

test.each(['reserve', 'charge'])('a higher limit lets a %s pass', async (op) => {
  const spend = () => call(op, { p_account: 'spender', p_amount: 150 })
  expect(await whileItWaits('limit_amount = 200', spend)).toMatchObject({ ok: true, budgets: [{ limit: 200 }] })
})

test('a settle answers with the new limit', async () => {
  const { hold } = await call('reserve', { p_account: 'spender', p_amount: 60 })
  const settle = () => call('settle', { p_hold: String(hold), p_amount: 60 })
  expect(await whileItWaits('limit_amount = 200', settle)).toMatchObject({ charged: 60, budgets: [{ limit: 200 }] })
})

test('a charge raises the alert of a new threshold', async () => {
  const charge = () => call('charge', { p_account: 'spender', p_amount: 60 })
  await whileItWaits(`alert_bp = '{5000}'`, charge)
  expect(await base.sql('select threshold_bp from core.ledger_alert')).toEqual([{ threshold_bp: 5_000 }])
})
