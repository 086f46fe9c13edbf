import { randomUUID } from 'node:crypto'
import type { Json, JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isObject, stopTheClock } from './ledger-under-test.ts'

/** What a period that is over may still grant: nothing. */

let base: TestDatabase
beforeAll(async () => {
  base = await createTestDatabase({ poolSize: 4 })
  await base.sql(stopTheClock)
})
afterAll(async () => {
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  await base.drop()
})
const setClock = (at: string) => base.sql(`update core.test_clock set at = $1`, [at])

async function call(op: string, args: Record<string, JsonInput>): Promise<{ [key: string]: Json }> {
  const answer = await base.database.call(`ledger_${op}`, { p_key: randomUUID(), ...args })
  if (!isObject(answer)) throw new Error(JSON.stringify(answer))
  return answer
}

test('a call that took its time before the turn takes it again: the rest that rolled over is spent once', async () => {
  await setClock('2026-06-15T12:59:59Z')
  await call('account_open', { p_account: 'shared', p_kind: 'pool' })
  for (const code of ['one', 'two']) {
    await call('account_open', { p_account: code, p_parent: 'shared' })
    await call('grant', { p_account: code, p_amount: 10_000 })
  }
  const hourly = { p_account: 'shared', p_name: 'hourly', p_period: 'hour', p_carry_cap: 1_000 }
  await call('budget_set', { ...hourly, p_limit: 1_000 })
  await call('charge', { p_account: 'one', p_amount: 1 })
  // The first has its time and waits for the window; the second makes the next one behind that lock.
  const client = await base.connect()
  await client.query('begin')
  await client.query('select from core.ledger_window for update')
  const late = call('charge', { p_account: 'one', p_amount: 900 })
  const waiting = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  while ((await base.sql(waiting)).length < 1) await new Promise((resolve) => setTimeout(resolve, 5))
  await setClock('2026-06-15T13:00:00Z')
  // What the second does, once it has the lock: the next window takes the rest, and the last one ends.
  await client.query(`insert into core.ledger_window (budget_id, period_start, period_end, carried)
    select budget_id, period_end, period_end + interval '1 hour', 999 from core.ledger_window`)
  await client.query(`update core.ledger_window w set limit_amount = 1000 where period_start < '2026-06-15T13:00:00Z'`)
  await client.query('commit')
  expect(await late).toMatchObject({ ok: true, budgets: [{ spent: 900, limit: 1_999 }] })
  expect(await call('charge', { p_account: 'two', p_amount: 1_100 })).toMatchObject({ code: 'budget_exhausted' })
})

test('a window keeps the limit it ended with', async () => {
  await setClock('2026-06-15T12:00:00Z')
  await call('account_open', { p_account: 'kept' })
  await call('grant', { p_account: 'kept', p_amount: 10_000 })
  const daily = { p_account: 'kept', p_name: 'daily', p_period: 'day' }
  await call('budget_set', { ...daily, p_limit: 100 })
  const { hold } = await call('reserve', { p_account: 'kept', p_amount: 60, p_ttl_s: 86_400 })
  await setClock('2026-06-16T11:00:00Z')
  await call('budget_set', { ...daily, p_limit: 500 })
  expect(await call('settle', { p_hold: String(hold), p_amount: 50 })).toMatchObject({
    budgets: [{ limit: 100, spent: 50, rest: 50 }],
  })
})

test('a hold of an ended period grows no more: its rest cannot be added to that of the present one', async () => {
  await setClock('2026-06-15T12:59:00Z')
  await call('account_open', { p_account: 'hoard' })
  await call('grant', { p_account: 'hoard', p_amount: 10_000 })
  await call('budget_set', {
    p_account: 'hoard',
    p_name: 'hourly',
    p_period: 'hour',
    p_limit: 1_000,
    p_carry_cap: 1_000,
  })
  const { hold = null } = await call('reserve', { p_account: 'hoard', p_amount: 1, p_ttl_s: 7_200 })
  expect(await call('extend', { p_hold: hold, p_add: 9 })).toMatchObject({ ok: true, granted: 9 })
  await setClock('2026-06-15T13:01:00Z')
  expect(await call('charge', { p_account: 'hoard', p_amount: 1_990 })).toMatchObject({ ok: true })
  const denied = { ok: false, code: 'budget_exhausted', budget: 'hourly', hold }
  expect(await call('extend', { p_hold: hold, p_add: 990 })).toMatchObject(denied)
  const ops = [{ op: 'extend', key: randomUUID(), hold, add: 990 }]
  expect(await base.database.rpc('ledger_batch', { p_ops: ops })).toMatchObject({ results: [denied] })
  // Its time can be renewed, and what it holds can be charged.
  expect(await call('extend', { p_hold: hold, p_ttl_s: 3_600 })).toMatchObject({ ok: true, granted: 0 })
  expect(await call('extend', { p_hold: hold, p_add: 5, p_min: 0 })).toMatchObject({ ok: true, granted: 0 })
  expect(await call('settle', { p_hold: hold, p_amount: 10 })).toMatchObject({ ok: true, charged: 10 })
})
