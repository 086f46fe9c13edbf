import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Json, JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countDeadlocks } from './count-deadlocks.ts'
import { callWithNewKey, stopTheClock } from './ledger-under-test.ts'

/** Interleavings in which a lock taken late, or out of the one order, would end in a deadlock. */

let base: TestDatabase
beforeEach(async () => {
  base = await createTestDatabase({ poolSize: 6 })
})
afterEach(async () => {
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  expect(await countDeadlocks(base)).toBe(0)
  await base.drop()
})

function call(op: string, args: Record<string, JsonInput>): Promise<{ [key: string]: Json }> {
  return callWithNewKey(base, op, args)
}

async function open(code: string): Promise<void> {
  await call('account_open', { p_account: code })
  await call('grant', { p_account: code, p_amount: 1_000 })
}

/** Locks what the statement selects until it is released. */
async function lockRows(statement: string): Promise<() => Promise<unknown>> {
  const client = await base.connect()
  await client.query('begin')
  await client.query(statement)
  return () => client.query('commit')
}

/** Until so many connections wait for a lock. */
async function untilWaiting(count: number): Promise<void> {
  const waiting = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  while ((await base.sql(waiting)).length < count) await sleep(5)
}

test.each([
  { op: 'settle', amount: 5 }, // with a charge it goes through the batch together
  { op: 'capture', amount: 5 }, // one by one
])('a batch whose $op finds a hold that was opened since takes its locks again', async (op) => {
  for (const code of ['alpha', 'beta']) await open(code)
  const release = await lockRows(`select from core.ledger_account where code = 'beta' for no key update`)
  const hold = randomUUID()
  const ops = [
    { op: 'charge', key: 'first', account: 'beta', amount: 1 },
    { ...op, key: 'second', hold },
  ]
  const batch = call('batch', { p_key: undefined, p_ops: ops })
  await untilWaiting(1) // it has looked for the hold and found none
  expect(await call('reserve', { p_account: 'alpha', p_amount: 10, p_hold: hold })).toMatchObject({ ok: true })
  const transfer = call('transfer', { p_from: 'alpha', p_to: 'beta', p_amount: 1 })
  await untilWaiting(2) // it has alpha and waits for beta, behind the batch
  await release()
  expect(await transfer).toMatchObject({ ok: true })
  expect(await batch).toMatchObject({ results: [{ ok: true }, { ok: true, charged: 5 }] })
})

test('a batch that makes a window at midnight, which takes over the rest of the last, locks windows in their order', async () => {
  await base.sql(stopTheClock)
  const setClock = (at: string) => base.sql(`update core.test_clock set at = $1`, [at])
  await setClock('2026-06-15T23:00:00Z')
  for (const code of ['pool', 'pool/a', 'pool/a/kid']) await open(code)
  const budget = { p_name: 'daily', p_period: 'day', p_limit: 500 }
  await call('budget_set', { ...budget, p_account: 'pool/a' })
  await call('budget_set', { ...budget, p_account: 'pool', p_carry_cap: 100 })
  const [upper, lower] = await Promise.all(
    ['pool/a', 'pool/a/kid'].map((account) => call('reserve', { p_account: account, p_amount: 10, p_ttl_s: 86_400 })),
  )
  await setClock('2026-06-16T00:10:00Z')
  const release = await lockRows(
    `select from core.ledger_window w join core.ledger_budget b on b.id = w.budget_id
     where b.carry_cap > 0 for no key update of w`,
  )
  const ops = [
    { op: 'reserve', key: 'first', account: 'pool', amount: 1 },
    { op: 'settle', key: 'second', hold: upper?.['hold'] ?? null, amount: 5 },
  ]
  const batch = call('batch', { p_key: undefined, p_ops: ops })
  await untilWaiting(1)
  const settle = call('settle', { p_hold: lower?.['hold'] ?? null, p_amount: 10 })
  await untilWaiting(2)
  await release()
  expect(await settle).toMatchObject({ ok: true, charged: 10 })
  const { results } = await batch
  // 500 of the day before, of which 10 and 5 are spent, roll over up to the cap of 100.
  expect(results).toMatchObject([
    { ok: true, budgets: [{ limit: 600, held: 1 }] },
    { ok: true, charged: 5 },
  ])
})

test('a batch sent again, whose holds are there already, has the locks that their replays need', async () => {
  for (const code of ['alpha', 'beta']) await open(code)
  const holds = [randomUUID(), randomUUID()]
  const reserves = ['beta', 'alpha'].map((account, index) => {
    return { op: 'reserve', key: `reserve ${account}`, account, amount: 10, hold: holds[index] ?? null }
  })
  const charge = { op: 'charge', key: 'charge', account: 'beta', amount: 1 }
  const first = await call('batch', { p_key: undefined, p_ops: reserves })
  expect(first).toMatchObject({ results: [{ ok: true }, { ok: true }] })
  // In beta first: were the locks of the replays taken late, these two would come in opposite orders.
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      index % 2
        ? call('batch', { p_key: undefined, p_ops: [charge, ...reserves] })
        : call('transfer', { p_from: 'alpha', p_to: 'beta', p_amount: 1 }),
    ),
  )
  for (const { results } of answers.filter((_, index) => index % 2)) {
    expect(results).toMatchObject([{ ok: true }, { replayed: true }, { replayed: true }])
  }
})
