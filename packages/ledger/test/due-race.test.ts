import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countDeadlocks } from './count-deadlocks.ts'
import { callWithNewKey, stopTheClock } from './ledger-under-test.ts'

/** What is due is looked for under the lock: holds that fall due, or are renewed, while a call waits for its purse. */

let base: TestDatabase
beforeEach(async () => {
  base = await createTestDatabase({ poolSize: 6 })
  await call('account_open', { p_account: 'pool', p_kind: 'pool' })
  for (const account of ['left', 'right']) {
    await call('account_open', { p_account: account, p_parent: 'pool' })
    await call('grant', { p_account: account, p_amount: 100 })
  }
  await call('budget_set', { p_account: 'pool', p_name: 'daily', p_period: 'day', p_limit: 100 })
})
afterEach(async () => {
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  expect(await countDeadlocks(base)).toBe(0)
  await base.drop()
})

const call = (op: string, args: Record<string, JsonInput>) => callWithNewKey(base, op, args)
const charge = (account: string, amount: number) => call('charge', { p_account: account, p_amount: amount })
const reserve = (account: string, amount: number) => call('reserve', { p_account: account, p_amount: amount })

/** Another connection has the purse of an account, does something to its holds, and commits. */
async function holdPurse(account: string) {
  const client = await base.connect()
  await client.query('begin')
  await client.query('select from core.ledger_account where code = $1 for no key update', [account])
  return async (setHolds: string) => {
    await client.query(`update core.ledger_hold set ${setHolds} where status = 'open'`)
    await client.query('commit')
  }
}
const fallDue = 'expires_at = clock_timestamp()'
/** Of a hold that is due: one set to a later time is held until then, and denies a call that began before. */
const stayDue = 'over = over'

async function untilWaiting(): Promise<void> {
  const waiting = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  while ((await base.sql(waiting)).length === 0) await sleep(5)
}

test.each([
  { by: 'the purse', holder: 'right', budget: null },
  { by: 'a budget that its sibling shares', holder: 'left', budget: 100 },
])('a hold that falls due while a call waits does not deny it: by $by', async ({ holder, budget }) => {
  await call('budget_set', { p_account: 'pool', p_name: 'daily', p_period: 'day', p_limit: budget })
  expect(await reserve(holder, 60)).toMatchObject({ ok: true })
  const commit = await holdPurse('right')
  const charged = charge('right', 60)
  await untilWaiting()
  await commit(fallDue)
  expect(await charged).toMatchObject({ ok: true, charged: 60 })
})

test('the same in a batch', async () => {
  expect(await reserve('left', 60)).toMatchObject({ ok: true })
  const commit = await holdPurse('right')
  const ops = [59, 1].map((amount) => ({ op: 'charge', key: `charge ${amount}`, account: 'right', amount }))
  const batch = call('batch', { p_key: undefined, p_ops: ops })
  await untilWaiting()
  await commit(fallDue)
  expect(await batch).toMatchObject({ results: [{ ok: true }, { ok: true }] })
})

test('a due hold of a busy purse delays only whom it could deny', async () => {
  expect(await reserve('left', 60)).toMatchObject({ ok: true })
  await base.sql(`update core.ledger_hold set ${fallDue}`)
  const commit = await holdPurse('left')
  expect(await charge('right', 40)).toMatchObject({ ok: true })
  const charged = charge('right', 50)
  await sleep(300)
  await commit(stayDue)
  expect(await charged).toMatchObject({ ok: true, charged: 50 })
})

test.each([
  { what: 'a lease', op: 'lease_open', args: { p_account: 'right', p_amount: 50, p_ttl_s: 60, p_device: 'phone' } },
  {
    what: 'a batch whose operations depend on each other',
    op: 'batch',
    args: {
      p_key: undefined,
      p_atomic: true,
      p_ops: [1, 2].map(() => ({ op: 'charge', key: 'the same twice', account: 'right', amount: 50 })),
    },
  },
])('a due hold of a busy purse does not deny $what', async ({ op, args }) => {
  await call('grant', { p_account: 'right', p_amount: 900 })
  expect(await reserve('left', 60)).toMatchObject({ ok: true })
  await base.sql(`update core.ledger_hold set ${fallDue}`)
  const commit = await holdPurse('left')
  const answer = call(op, args)
  await sleep(300)
  await commit(stayDue)
  expect(await answer).toMatchObject({ ok: true })
})

test('a due hold of a busy purse takes nothing of what rolls over', async () => {
  await base.sql(stopTheClock)
  const setClock = (at: string) => base.sql(`update core.test_clock set at = $1`, [at])
  await setClock('2027-06-15T23:00:00Z')
  await call('budget_set', { p_account: 'pool', p_name: 'rolling', p_period: 'day', p_limit: 100, p_carry_cap: 100 })
  expect(await call('reserve', { p_account: 'left', p_amount: 60, p_ttl_s: 3_600 })).toMatchObject({ ok: true })
  await setClock('2027-06-16T00:10:00Z')
  const commit = await holdPurse('left')
  const charged = charge('right', 1)
  await sleep(300)
  await commit(stayDue)
  expect(await charged).toMatchObject({ ok: true })
  const [today] = await base.sql(
    `select w.carried::int from core.ledger_window w join core.ledger_budget b on b.id = w.budget_id
     where b.name = 'rolling' order by w.period_start desc limit 1`,
  )
  expect(today).toEqual({ carried: 100 })
})

test.each([
  { what: 'renewed', setHolds: `expires_at = now() + interval '1 hour'`, held: 60 },
  { what: 'still due', setHolds: fallDue, held: 0 },
])('a sweep that waited for a purse whose hold is then $what leaves $held held', async ({ setHolds, held }) => {
  expect(await reserve('left', 60)).toMatchObject({ ok: true })
  await base.sql(`update core.ledger_hold set ${fallDue}`)
  const commit = await holdPurse('left')
  const sweep = base.database.rpc('ledger_expire_due', {})
  await untilWaiting()
  await commit(setHolds)
  expect(await sweep).toEqual({ ok: true, expired: held === 0 ? 1 : 0 })
  expect(await base.database.rpc('ledger_balance', { p_account: 'left' })).toMatchObject({ held })
})
