import type { Json, JsonInput, MemberClaims } from '@core/database'
import { createTestDatabase, type TestDatabase, untilFinal } from '@core/database/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callWithNewKey, isObject } from './ledger-under-test.ts'

/** The owner decides over a project: what the owner set, a project may only make stricter; and removing a budget forgets nothing. */

let base: TestDatabase
beforeAll(async () => {
  base = await createTestDatabase()
  await base.database.rpc('project_register', { p_name: 'shop', p_version: '1' })
  for (const account of ['shop', 'shop/team', 'other']) await call('account_open', { p_account: account })
  for (const account of ['shop', 'shop/team']) await call('grant', { p_account: account, p_amount: 1_000_000 })
})
afterAll(async () => {
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  await base.drop()
})

const caps = ['ledger:read', 'ledger:spend', 'ledger:account', 'ledger:budget', 'ledger:grant']
const shop: MemberClaims = { role: 'core_member', project: 'shop', caps, sub: 'key' }

function call(op: string, args: Record<string, JsonInput>, claims?: MemberClaims): Promise<{ [key: string]: Json }> {
  return callWithNewKey(base, op, args, claims)
}
const refused = (reason: string) => expect.objectContaining({ details: expect.objectContaining({ reason }) })
const budget = (name: string, more: Record<string, JsonInput> = {}) => ({
  p_account: 'shop/team',
  p_name: name,
  p_period: 'day',
  p_limit: 1_000,
  p_carry_cap: 100,
  p_floor: 50,
  ...more,
})

describe('a budget of the owner', () => {
  beforeAll(() => call('budget_set', budget('allowance')))

  test.each<[string, Record<string, JsonInput>]>([
    ['raise it', { p_limit: 1_001 }],
    ['remove it', { p_limit: null }],
    ['let more roll over', { p_carry_cap: 101 }],
    ['keep more of it from its siblings', { p_floor: 51 }],
    ['count it per week', { p_period: 'week' }],
    ['count it in another zone', { p_tz: 'Asia/Tokyo' }],
    ['silence it', { p_alert_bp: [10_000] }],
  ])('a project may not %s', async (_, change) => {
    await expect(call('budget_set', budget('allowance', change), shop)).rejects.toEqual(refused('forbidden_budget'))
  })

  test('a project may make stricter, and the owner raises it again', async () => {
    await call('budget_set', budget('allowance', { p_limit: 900, p_alert_bp: [5_000, 8_000, 10_000] }), shop)
    await expect(call('budget_set', budget('allowance'), shop)).rejects.toEqual(refused('forbidden_budget'))
    await call('budget_set', budget('allowance'))
  })

  test('a project sets, raises and removes budgets of its own beside it, until the owner takes them over', async () => {
    await call('budget_set', budget('mine', { p_limit: 10 }), shop)
    await call('budget_set', budget('mine', { p_limit: 20 }), shop)
    await call('budget_set', budget('mine', { p_limit: null }), shop)
    await call('budget_set', budget('mine', { p_limit: 10 }), shop)
    await call('budget_set', budget('mine', { p_limit: 10 }))
    await expect(call('budget_set', budget('mine', { p_limit: null }), shop)).rejects.toEqual(
      refused('forbidden_budget'),
    )
    await call('budget_set', budget('mine', { p_limit: null }))
  })

  test('is not moved by a project between siblings', async () => {
    const rebalance = { p_parent: 'shop', p_budget: 'allowance' }
    await expect(call('rebalance', rebalance, shop)).rejects.toEqual(refused('forbidden_budget'))
    expect(await call('rebalance', rebalance)).toMatchObject({ ok: true })
  })
})

test('an account that the owner froze stays frozen for its project', async () => {
  await call('account_open', { p_account: 'shop/stopped', p_kind: 'user' }, shop)
  const status = (p_status: string, claims?: MemberClaims) =>
    call('account_update', { p_account: 'shop/stopped', p_status }, claims)
  await status('frozen')
  for (const wanted of ['active', 'closed'])
    await expect(status(wanted, shop)).rejects.toEqual(refused('forbidden_account'))
  await status('active')
  await status('frozen', shop)
  await status('active', shop)
})

test('an account cannot be opened above accounts that it would not bind', async () => {
  await call('account_open', { p_account: 'late/kid', p_kind: 'user' })
  await expect(call('account_open', { p_account: 'late' })).rejects.toEqual(refused('account_below_exists'))
  await call('account_open', { p_account: 'shop/a/b', p_kind: 'user' }, shop)
  await expect(call('account_open', { p_account: 'shop/a', p_kind: 'user' }, shop)).rejects.toEqual(
    refused('account_below_exists'),
  )
  // Nor does a parent of its choice let a project slip the budgets of the account that the code names.
  const slip = { p_account: 'shop/team/x', p_kind: 'user', p_parent: 'shop' }
  await expect(call('account_open', slip, shop)).rejects.toEqual(refused('forbidden_account'))
})

test('an account has at most 20 budgets', async () => {
  const of = (index: number) => ({ p_account: 'other', p_name: `b${index}`, p_period: 'day', p_limit: 1 })
  for (let index = 0; index < 20; index++) await call('budget_set', of(index))
  await expect(call('budget_set', of(20))).rejects.toEqual(refused('too_many_budgets'))
  await call('budget_set', { ...of(3), p_limit: null })
  await call('budget_set', of(20))
})

test.each([
  ['UTC', true],
  ['Europe/Berlin', true],
  ['America/Argentina/Buenos_Aires', true],
  ['Etc/GMT+12', true],
  ['EST5EDT', true],
  ['europe/berlin', false],
  ['FOO+3', false],
  ['Foo/Bar3', false],
  ['GMT+3', false],
  ['PDT', false],
  ['3', false],
  ['../../etc/passwd', false],
  ['', false],
])('%j as a time zone: %j', async (zone, isOne) => {
  const [row] = await base.sql('select core.ledger_is_time_zone($1) as found, current_setting($2) as zone', [
    zone,
    'TimeZone',
  ])
  const [listed] = await base.sql('select exists (select from pg_timezone_names where name = $1) as found', [zone])
  expect([row?.['found'], listed?.['found']]).toEqual([isOne, isOne])
  expect(row?.['zone']).not.toBe(zone === 'UTC' ? '' : zone)
})

describe('a budget that is removed and set again', () => {
  const spends = async (account: string) => {
    await call('charge', { p_account: account, p_amount: 100 })
    await call('reserve', { p_account: account, p_amount: 30 })
  }
  test('counts what was spent and is held since it was there, also below it', async () => {
    await call('account_open', { p_account: 'kept' })
    await call('account_open', { p_account: 'kept/own', p_kind: 'user' })
    await call('account_open', { p_account: 'kept/drawn', p_kind: 'user', p_funding: 'parent' })
    for (const account of ['kept', 'kept/own']) await call('grant', { p_account: account, p_amount: 100_000 })
    const daily = { p_account: 'kept', p_name: 'daily', p_period: 'month', p_limit: 10_000 }
    await call('budget_set', daily)
    for (const account of ['kept', 'kept/own', 'kept/drawn']) await spends(account)
    const { hold = null } = await call('reserve', { p_account: 'kept/own', p_amount: 50 })
    await call('budget_set', { ...daily, p_limit: null })
    for (const account of ['kept', 'kept/own', 'kept/drawn']) await spends(account)
    await call('extend', { p_hold: hold, p_add: 20 })
    const { tx = null } = await call('charge', { p_account: 'kept', p_amount: 9 })
    await call('refund', { p_tx: tx, p_amount: 4 })
    expect(await call('budget_set', daily)).toMatchObject({ budgets: [{ spent: 605, held: 6 * 30 + 70 }] })
    expect(await call('settle', { p_hold: hold, p_amount: 60 })).toMatchObject({ budgets: [{ spent: 665, held: 180 }] })
    // With another period, too, as the 409 for another period advises.
    await call('budget_set', { ...daily, p_limit: null })
    const yearly = await call('budget_set', { ...daily, p_period: 'total' })
    expect(yearly).toMatchObject({ budgets: [{ period: 'total', spent: 665, held: 180, rest: 10_000 - 845 }] })
  })
})

test('an alert is raised by a crossing, not by each edit', async () => {
  await call('account_open', { p_account: 'loud' })
  await call('grant', { p_account: 'loud', p_amount: 100_000 })
  const set = (p_limit: number, p_alert_bp = [8_000, 10_000]) =>
    call('budget_set', { p_account: 'loud', p_name: 'daily', p_period: 'day', p_limit, p_alert_bp })
  await set(1_000)
  await call('charge', { p_account: 'loud', p_amount: 900 })
  for (const limit of [1_001, 1_002, 1_003]) await set(limit) // 80 % was crossed before
  await set(2_000)
  await set(1_050) // crossed again
  await set(1_051, [5_000, 8_000, 10_000]) // a threshold that was not watched
  await untilFinal(base)
  const answer = await base.database.rpc('ledger_alerts', {})
  const alerts = isObject(answer) && Array.isArray(answer['alerts']) ? answer['alerts'] : []
  const ours = alerts.filter((alert) => isObject(alert) && alert['account'] === 'loud')
  expect(ours).toMatchObject([
    { limit: 1_000, threshold_bp: 8_000 },
    { limit: 1_050, threshold_bp: 8_000 },
    { limit: 1_051, threshold_bp: 5_000 },
  ])
})
