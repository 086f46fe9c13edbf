import { randomUUID } from 'node:crypto'
import type { JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** Many due holds of one account do not delay its siblings, unless they could deny them; one call expires a bounded number. */

let base: TestDatabase
beforeAll(async () => {
  base = await createTestDatabase()
  await call('account_open', { p_account: 'pool', p_kind: 'pool' })
  await call('grant', { p_account: 'pool', p_amount: 10_000 })
  for (const account of ['busy', 'idle']) {
    await call('account_open', { p_account: account, p_parent: 'pool', p_funding: 'parent' })
  }
  await call('budget_set', { p_account: 'pool', p_name: 'daily', p_period: 'day', p_limit: 6_000 })
})
afterAll(async () => {
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  await base.drop()
})
const call = (op: string, args: Record<string, JsonInput>) =>
  base.database.call(`ledger_${op}`, { p_key: randomUUID(), ...args })
const charge = (amount: number) => call('charge', { p_account: 'idle', p_amount: amount })

/** 300 holds of 10 that are due and that no sweep has met. */
async function letHoldsLapse(): Promise<void> {
  const ops = Array.from({ length: 300 }, () => ({ op: 'reserve', key: randomUUID(), account: 'busy', amount: 10 }))
  expect(await base.database.rpc('ledger_batch', { p_ops: ops, p_atomic: true })).toMatchObject({ ok: true })
  await base.sql(`update core.ledger_hold set expires_at = now() where status = 'open'`)
}
async function countDue(): Promise<number> {
  const [row] = await base.sql(
    `select count(*)::int as due from core.ledger_hold where status = 'open' and expires_at <= now()`,
  )
  return Number(row?.['due'])
}

test('a call that has enough without them leaves them to the sweep, alone and in a batch', async () => {
  await letHoldsLapse()
  expect(await charge(1)).toMatchObject({ ok: true })
  const pair = [1, 2].map((amount) => ({ op: 'charge', key: randomUUID(), account: 'idle', amount }))
  expect(await base.database.rpc('ledger_batch', { p_ops: pair })).toMatchObject({
    results: [{ ok: true }, { ok: true }],
  })
  expect(await countDue()).toBe(300)
})

test('a call that they would deny expires them first, whether they are in its budget or in its purse', async () => {
  expect(await charge(3_001)).toMatchObject({ ok: true }) // the budget leaves 2,996 beside them
  expect(await countDue()).toBe(0)
  await call('budget_set', { p_account: 'pool', p_name: 'daily', p_period: 'day', p_limit: null })
  await letHoldsLapse()
  const most = [3_996, 1].map((amount) => ({ op: 'charge', key: randomUUID(), account: 'idle', amount }))
  expect(await base.database.rpc('ledger_batch', { p_ops: most })).toMatchObject({
    results: [{ ok: true }, { ok: true }],
  })
  expect(await countDue()).toBe(0)
})

test('a due hold that a call names expires with it', async () => {
  await call('grant', { p_account: 'pool', p_amount: 10_000 })
  await letHoldsLapse()
  const [row] = await base.sql(`select id from core.ledger_hold where status = 'open' limit 1`)
  expect(await call('settle', { p_hold: String(row?.['id']), p_amount: 3 })).toMatchObject({ status: 'settled_late' })
  expect(await countDue()).toBe(299)
  await base.database.rpc('ledger_expire_due', { p_limit: 1_000 })
})

test('one call expires a bounded number of holds; what is left is neither lost nor counted twice', async () => {
  // With a bound of 150 in place of its 10,000, so that few holds do.
  const [lock] = await base.sql(`select pg_get_functiondef('core.ledger_lock'::regproc) as source`)
  const source = String(lock?.['source'])
  expect(source.match(/\b10000\b/g)).toHaveLength(3)
  await base.sql(source.replaceAll(/\b10000\b/g, '150'))
  await call('account_open', { p_account: 'crowd' })
  await call('grant', { p_account: 'crowd', p_amount: 170 })
  const ops = Array.from({ length: 170 }, () => ({ op: 'reserve', key: randomUUID(), account: 'crowd', amount: 1 }))
  expect(await base.database.rpc('ledger_batch', { p_ops: ops, p_atomic: true })).toMatchObject({ ok: true })
  await base.sql(`update core.ledger_hold set expires_at = now() where status = 'open'`)
  const most = () => call('charge', { p_account: 'crowd', p_amount: 160 })
  // A denial keeps what it has expired, so that the same call again has the rest.
  expect(await most()).toMatchObject({ ok: false, code: 'insufficient_credits', available: 150 })
  expect(await countDue()).toBe(20)
  expect(await most()).toMatchObject({ ok: true, available: 10, held: 0 })
  expect(await countDue()).toBe(0)
})
