import { randomUUID } from 'node:crypto'
import type { Json, JsonInput, MemberClaims } from '@core/database'
import { untilFinal } from '@core/database/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isObject, type LedgerUnderTest, openLedgerUnderTest } from './ledger-under-test.ts'

/** What becomes of use above a hold: nothing but the owner's debt limit takes an account below zero. */

const noon = Date.UTC(2026, 5, 15, 12)
let ledger: LedgerUnderTest
let pool: string
let pools = 0

beforeAll(async () => {
  ledger = await openLedgerUnderTest('server')
})
afterAll(() => ledger[Symbol.asyncDispose]())
beforeEach(async () => {
  pool = `over${++pools}`
  await ledger.setClock(noon)
  await call('account_open', { p_account: pool })
  await call('account_open', { p_account: `${pool}/kid`, p_funding: 'parent' })
  await call('grant', { p_account: pool, p_amount: 1_000 })
})
afterEach(async () => {
  expect(await ledger.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
})

async function call(
  op: string,
  args: Record<string, JsonInput>,
  claims?: MemberClaims,
): Promise<{ [key: string]: Json }> {
  const key =
    op === 'lease_report' || op === 'hold_get' || op === 'balance' || op === 'batch' || op === 'usage'
      ? {}
      : { p_key: randomUUID() }
  const answer = await ledger.database.call(`ledger_${op}`, { ...key, ...args }, claims ? { claims } : {})
  if (!isObject(answer)) throw new Error(JSON.stringify(answer))
  return answer
}

async function reserve(amount: number, args: Record<string, JsonInput> = {}): Promise<string> {
  const { hold } = await call('reserve', { p_account: pool, p_amount: amount, ...args })
  return String(hold)
}

const budget = (limit: number, args: Record<string, JsonInput> = {}) =>
  call('budget_set', { p_account: `${pool}/kid`, p_name: 'day', p_period: 'day', p_limit: limit, ...args })

const settle = (hold: string, amount: number) => call('settle', { p_hold: hold, p_amount: amount })

test.each(['cap', 'overflow'])(
  'a key with a budget of 100 that settles nine quadrillion takes 100 (%s)',
  async (over) => {
    await budget(100)
    const hold = await reserve(1, { p_account: `${pool}/kid`, p_over: over })
    expect(await settle(hold, 9_000_000_000_000_000)).toMatchObject({
      charged: 2,
      uncollected: 8_999_999_999_999_998,
      available: 998,
      flags: ['overflow', 'uncollected'],
    })
    await call('account_update', { p_account: `${pool}/kid`, p_over_bp: 1_000_000 })
    const wide = await reserve(10, { p_account: `${pool}/kid`, p_over: over })
    expect(await settle(wide, 9_000_000_000_000_000)).toMatchObject({ charged: 98, available: 900 })
  },
)

test('a settle above its hold leaves what is set aside for others, and no debt', async () => {
  await reserve(900)
  const hold = await reserve(60)
  expect(await settle(hold, 120)).toMatchObject({
    charged: 100,
    uncollected: 20,
    settled: 900,
    held: 900,
    available: 0,
  })
})

test('over_bp of the account, as it was at the reserve, bounds the charge above all that was granted', async () => {
  await call('account_update', { p_account: pool, p_over_bp: 5_000 })
  const hold = await reserve(100)
  await call('account_update', { p_account: pool, p_over_bp: 0 })
  await call('extend', { p_hold: hold, p_add: 100 })
  expect(await settle(hold, 500)).toMatchObject({ charged: 300, uncollected: 200 })
  expect(await settle(await reserve(100), 500)).toMatchObject({ charged: 100, uncollected: 400 })
})

describe('debt', () => {
  test('is what an owner allows, for overflow alone', async () => {
    await call('account_update', { p_account: pool, p_debt_limit: 50 })
    const [capped, over] = [await reserve(500), await reserve(500, { p_over: 'overflow' })]
    expect(await settle(capped, 900)).toMatchObject({ charged: 500, uncollected: 400, available: 0 })
    expect(await settle(over, 600)).toMatchObject({ charged: 550, uncollected: 50, available: -50 })
    expect(await call('reserve', { p_account: pool, p_amount: 1 })).toMatchObject({ code: 'insufficient_credits' })
    await expect(call('account_update', { p_account: pool, p_debt_limit: 49 })).rejects.toMatchObject({
      details: { reason: 'debt_in_use', debt: 50 },
    })
    await call('grant', { p_account: pool, p_amount: 50 })
    expect(await call('account_update', { p_account: pool, p_debt_limit: 0 })).toMatchObject({
      ok: true,
      debt_limit: 0,
    })
  })

  test('is not for a project to allow itself, nor for an account without a purse', async () => {
    await ledger.database.call('project_register', { p_name: pool, p_version: '1' })
    const caps = ['ledger:account', 'ledger:grant', 'ledger:spend']
    const claims: MemberClaims = { role: 'core_member', project: pool, caps, sub: 'key' }
    for (const setting of [{ p_debt_limit: 1 }, { p_over_bp: 0 }]) {
      await expect(call('account_update', { p_account: pool, ...setting }, claims)).rejects.toMatchObject({
        details: { reason: 'forbidden_account' },
      })
      await expect(
        call('account_open', { p_account: `${pool}/new`, p_kind: 'user', ...setting }, claims),
      ).rejects.toMatchObject({ details: { reason: 'forbidden_account' } })
    }
    await expect(call('account_update', { p_account: `${pool}/kid`, p_debt_limit: 1 })).rejects.toMatchObject({
      details: { reason: 'invalid_funding' },
    })
  })
})

describe('a late settle', () => {
  test('pays all of it by the rule for what is above, from what is available, in the present window', async () => {
    await budget(300)
    const hold = await reserve(200, { p_account: `${pool}/kid`, p_ttl_s: 1 })
    await ledger.setClock(noon + 24 * 3_600_000)
    await call('charge', { p_account: `${pool}/kid`, p_amount: 150 })
    expect(await settle(hold, 500)).toMatchObject({
      status: 'settled_late',
      charged: 150,
      uncollected: 350,
      budgets: [{ spent: 0 }, { spent: 300, rest: 0 }],
    })
    expect(await call('hold_get', { p_hold: hold })).toMatchObject({
      captured: 0,
      released: 200,
      above: 150,
      uncollected: 350,
    })
  })

  test('of a hold that rejects takes its rest and no more', async () => {
    const hold = await reserve(200, { p_over: 'reject', p_ttl_s: 1 })
    await ledger.setClock(noon + 2_000)
    expect(await settle(hold, 500)).toMatchObject({ charged: 200, uncollected: 300 })
  })

  test('is refunded where it was counted', async () => {
    await budget(300)
    const hold = await reserve(100, { p_account: `${pool}/kid` })
    await ledger.setClock(noon + 60_000)
    const { tx } = await settle(hold, 150)
    expect(await call('refund', { p_tx: tx ?? 0, p_amount: 60 })).toMatchObject({ left: 90, budgets: [{ spent: 90 }] })
    expect(await call('refund', { p_tx: tx ?? 0 })).toMatchObject({ left: 0, budgets: [{ spent: 0 }], settled: 1_000 })
  })
})

test('what is not collected is a record: no later grant pays it, and usage has it', async () => {
  const hold = await reserve(1_000)
  expect(await settle(hold, 1_500)).toMatchObject({ charged: 1_000, uncollected: 500, available: 0 })
  expect(await call('grant', { p_account: pool, p_amount: 700 })).toMatchObject({ available: 700 })
  const range = { p_from: '2026-06-15T00:00:00Z', p_to: '2026-06-16T00:00:00Z', p_bucket: 'day' }
  expect(await call('usage', { p_account: pool, ...range })).toMatchObject({
    usage: [{ charged: 1_000, uncollected: 500 }],
  })
})

test.each([false, true])('a batch decides as single calls do (atomic %s)', async (p_atomic) => {
  const [within, above] = [await reserve(100), await reserve(100)]
  const p_ops = [
    { op: 'settle', key: 'w', hold: within, amount: 60 },
    { op: 'settle', key: 'a', hold: above, amount: 300 },
    { op: 'charge', key: 'c', account: pool, amount: 10 },
  ]
  const first = await call('batch', { p_ops, p_atomic })
  expect(first['results']).toMatchObject([{ charged: 60 }, { charged: 200, uncollected: 100 }, { charged: 10 }])
  const again = await call('batch', { p_ops, p_atomic })
  expect(JSON.stringify(again).replaceAll('"replayed":true', '"replayed":false')).toBe(JSON.stringify(first))
})

test('what is uncollected of a hold is alerted once, and in its history', async () => {
  const since = Number((await ledger.sql('select coalesce(max(id), 0) as id from core.ledger_alert'))[0]?.['id'])
  const hold = await reserve(10)
  await settle(hold, 25)
  const lease = String(
    (await call('lease_open', { p_account: pool, p_amount: 100, p_ttl_s: 60, p_device: 'here' }))['lease'],
  )
  for (const p_seq of [1, 2]) {
    const items = [{ amount: 900, at: '2026-06-15T12:00:00Z' }]
    await call('lease_report', { p_lease: lease, p_seq, p_items: items })
  }
  if (ledger.server) await untilFinal(ledger.server)
  expect(await ledger.database.rpc('ledger_alerts', { p_after: since })).toMatchObject({
    alerts: [
      { kind: 'uncollected', account: pool, hold, uncollected: 5, budget: null, spent: null },
      { kind: 'uncollected', account: pool, hold: lease, uncollected: 700 },
    ],
  })
  expect(
    await ledger.database.rpc('ledger_history', { p_account: pool, p_filter: { hold, op: 'settle' } }),
  ).toMatchObject({
    entries: [{ amount: 20, above: 10, uncollected: 5 }],
  })
})
