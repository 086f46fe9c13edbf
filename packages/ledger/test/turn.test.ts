import { randomUUID } from 'node:crypto'
import type { Json, JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callWithNewKey, isObject, stopTheClock } from './ledger-under-test.ts'

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

function call(op: string, args: Record<string, JsonInput>): Promise<{ [key: string]: Json }> {
  return callWithNewKey(base, op, args)
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
  await client.query(`insert into core.ledger_window (budget_id, period_start, period_end, carried, head)
    select budget_id, period_end, period_end + interval '1 hour', 999, head from core.ledger_window`)
  await client.query(
    `update core.ledger_window w set limit_amount = 1000, passed_on = 999 where period_start < '2026-06-15T13:00:00Z'`,
  )
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

const hourlyOf = (account: string) => ({ p_account: account, p_name: 'hourly', p_period: 'hour', p_limit: 1_000 })
async function openWithBudget(account: string, carry: number): Promise<void> {
  await call('account_open', { p_account: account })
  await call('grant', { p_account: account, p_amount: 100_000 })
  await call('budget_set', { ...hourlyOf(account), p_carry_cap: carry })
}

test.each(['alone', 'batched'])(
  'what extend adds after the turn must fit and counts in the present window, %s',
  async (how) => {
    const account = `hoard_${how}`
    await setClock('2026-06-15T12:59:00Z')
    await openWithBudget(account, 1_000)
    const send = async (op: string, { hold = null, ...fields }: Record<string, JsonInput>) => {
      if (how === 'alone') {
        const args = Object.entries({ hold, ...fields }).map(([name, value]): [string, JsonInput] => [
          `p_${name}`,
          value,
        ])
        return call(op, Object.fromEntries(args))
      }
      // With another operation, so that it is no batch of one.
      const ops = [
        { op, key: randomUUID(), hold, ...fields },
        { op: 'grant', key: randomUUID(), account, amount: 1 },
      ]
      const answer = await base.database.rpc('ledger_batch', { p_ops: ops })
      return isObject(answer) && Array.isArray(answer['results']) ? (answer['results'][0] ?? null) : null
    }
    const { hold = null } = await call('reserve', { p_account: account, p_amount: 10, p_ttl_s: 7_200 })
    expect(await send('extend', { hold, add: 90 })).toMatchObject({ ok: true, granted: 90, amount: 100 })
    await setClock('2026-06-15T13:01:00Z')
    // 900 roll over; 1,900 are the cap of this hour.
    expect(await call('charge', { p_account: account, p_amount: 1_200 })).toMatchObject({ ok: true })
    const denied = { ok: false, code: 'budget_exhausted', budget: 'hourly', hold }
    expect(await send('extend', { hold, add: 701 })).toMatchObject(denied)
    const [before, after] = ['2026-06-15T12:00:00+00:00', '2026-06-15T13:00:00+00:00']
    expect(await send('extend', { hold, add: 700 })).toMatchObject({
      granted: 700,
      amount: 800,
      budgets: [
        { period_start: before, held: 100, spent: 0 },
        { period_start: after, held: 700, spent: 1_200, rest: 0 },
      ],
    })
    // The oldest part is charged first.
    expect(await send('capture', { hold, amount: 150 })).toMatchObject({
      budgets: [
        { period_start: before, held: 0, spent: 100 },
        { period_start: after, held: 650, spent: 1_250 },
      ],
    })
    const settled = await send('settle', { hold, amount: 50 })
    expect(settled).toMatchObject({ ok: true, charged: 50, budgets: [{ spent: 100 }, { held: 0, spent: 1_300 }] })
    // A refund gives back to where the part it gives back was counted.
    const tx = isObject(settled) ? (settled['tx'] ?? null) : null
    expect(await call('refund', { p_tx: tx })).toMatchObject({ budgets: [{ spent: 100 }, { spent: 1_250 }] })
  },
)

test('an expired or voided hold gives back each part to its own window', async () => {
  await setClock('2026-06-15T12:59:00Z')
  await openWithBudget('parts', 0)
  const open = async () => (await call('reserve', { p_account: 'parts', p_amount: 10, p_ttl_s: 600 }))['hold'] ?? null
  const [lapsed, voided] = [await open(), await open()]
  await setClock('2026-06-15T13:01:00Z')
  for (const hold of [lapsed, voided]) await call('extend', { p_hold: hold, p_add: 20, p_ttl_s: 600 })
  expect(await call('void', { p_hold: voided })).toMatchObject({ budgets: [{ held: 10 }, { held: 20 }] })
  await setClock('2026-06-15T13:30:00Z')
  expect(await call('settle', { p_hold: lapsed, p_amount: 30 })).toMatchObject({
    status: 'settled_late',
    charged: 30,
    budgets: [
      { held: 0, spent: 0 },
      { held: 0, spent: 30 },
    ],
  })
})

test('a budget set after the reserve binds what extend adds', async () => {
  await setClock('2026-06-15T12:10:00Z')
  await call('account_open', { p_account: 'later' })
  await call('grant', { p_account: 'later', p_amount: 10_000 })
  const { hold = null } = await call('reserve', { p_account: 'later', p_amount: 500, p_ttl_s: 7_200 })
  await call('budget_set', hourlyOf('later'))
  expect(await call('extend', { p_hold: hold, p_add: 1_001 })).toMatchObject({ code: 'budget_exhausted' })
  expect(await call('extend', { p_hold: hold, p_add: 600 })).toMatchObject({ budgets: [{ held: 600, rest: 400 }] })
  expect(await call('capture', { p_hold: hold, p_amount: 700 })).toMatchObject({ budgets: [{ held: 400, spent: 200 }] })
  const key = randomUUID()
  const settle = { p_key: key, p_hold: String(hold), p_amount: 100 }
  const settled = await base.database.rpc('ledger_settle', settle)
  expect(settled).toMatchObject({ budgets: [{ held: 0, spent: 300, rest: 700 }] })
  expect(await base.database.rpc('ledger_settle', settle)).toEqual({
    ...(isObject(settled) && settled),
    replayed: true,
  })
})
