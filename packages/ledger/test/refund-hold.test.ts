import type { JsonInput } from '@core/database'
import { uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createLedger, credits } from '../src/index.ts'
import { type LedgerUnderTest, openLedgerUnderTest } from './ledger-under-test.ts'

let ledger: LedgerUnderTest
const answered = z.looseObject({ tx: z.number(), available: z.number() })
const call = async (name: string, args: Record<string, JsonInput>) =>
  answered.parse(await ledger.database.call(`ledger_${name}`, { p_key: uuidv7(), ...args }))
const refund = (p_hold: string, args: Record<string, JsonInput> = {}) => call('refund_hold', { p_hold, ...args })
const spentOf = async (budget: string) =>
  Number(
    (
      await ledger.sql(
        'select sum(w.spent) as spent from core.ledger_window w join core.ledger_budget b on b.id = w.budget_id where b.name = $1',
        [budget],
      )
    )[0]?.['spent'],
  )

beforeAll(async () => {
  ledger = await openLedgerUnderTest('server')
  await call('account_open', { p_account: 'a', p_kind: 'pool' })
  await call('grant', { p_account: 'a', p_amount: 1_000 })
  await call('budget_set', { p_account: 'a', p_name: 'daily', p_period: 'day', p_limit: 1_000 })
})
afterAll(async () => {
  expect(await ledger.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  await ledger[Symbol.asyncDispose]()
})

async function hold(p_amount: number): Promise<string> {
  const p_hold = uuidv7()
  await call('reserve', { p_account: 'a', p_amount, p_hold })
  return p_hold
}

test('what a hold was charged goes back, its last charge first, to balance and budgets', async () => {
  const id = await hold(100)
  const before = await spentOf('daily')
  const captured = await call('capture', { p_hold: id, p_amount: 30 })
  const settled = await call('settle', { p_hold: id, p_amount: 50 })
  expect(await spentOf('daily')).toBe(before + 80)
  expect(await refund(id, { p_amount: 60 })).toMatchObject({
    refunded: 60,
    left: 20,
    refunds: [
      { refunds: settled.tx, refunded: 50 },
      { refunds: captured.tx, refunded: 10 },
    ],
    available: settled.available + 60,
  })
  expect(await spentOf('daily')).toBe(before + 20)
  await expect(refund(id, { p_amount: 21 })).rejects.toMatchObject({ details: { reason: 'over_refund', left: 20 } })
  expect(await refund(id)).toMatchObject({ refunded: 20, left: 0 })
  await expect(refund(id)).rejects.toMatchObject({ details: { reason: 'over_refund', left: 0 } })
  expect(await spentOf('daily')).toBe(before)
})

test('the same key refunds once, and not another amount', async () => {
  const id = await hold(10)
  await call('settle', { p_hold: id, p_amount: 10 })
  const first = await refund(id, { p_key: 'once', p_amount: 4 })
  expect(await refund(id, { p_key: 'once', p_amount: 4 })).toEqual({ ...first, replayed: true })
  await expect(refund(id, { p_key: 'once', p_amount: 5 })).rejects.toMatchObject({
    code: 'E_IDEMPOTENCY_MISMATCH',
  })
  expect(await refund(id)).toMatchObject({ refunded: 6, left: 0 })
})

test('what was uncollected is no part of it', async () => {
  await call('account_open', { p_account: 'small', p_kind: 'pool' })
  await call('grant', { p_account: 'small', p_amount: 10 })
  const id = uuidv7()
  await call('reserve', { p_account: 'small', p_amount: 10, p_hold: id })
  expect(await call('settle', { p_hold: id, p_amount: 25 })).toMatchObject({ charged: 10, uncollected: 15 })
  await expect(refund(id, { p_amount: 11 })).rejects.toMatchObject({ details: { reason: 'over_refund', left: 10 } })
  expect(await refund(id)).toMatchObject({ refunded: 10, available: 10 })
})

test('reports of a lease are charges of its hold', async () => {
  const opened = await ledger.database.rpc('ledger_lease_open', {
    p_key: uuidv7(),
    p_account: 'a',
    p_amount: 20,
    p_ttl_s: 60,
    p_device: 'd',
  })
  const { lease } = z.looseObject({ lease: z.string() }).parse(opened)
  for (const p_seq of [1, 2]) {
    const p_items = [{ amount: 5 + p_seq, at: '2026-11-20T00:00:00Z' }]
    await ledger.database.call('ledger_lease_report', { p_lease: lease, p_seq, p_items })
  }
  expect(await refund(lease, { p_amount: 8 })).toMatchObject({
    refunded: 8,
    left: 5,
    refunds: [{ refunded: 7 }, { refunded: 1 }],
  })
})

test('eight at once give back no more than was charged', async () => {
  const id = await hold(100)
  await call('settle', { p_hold: id, p_amount: 100 })
  const all = await Promise.allSettled(Array.from({ length: 8 }, () => refund(id, { p_amount: 30 })))
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
  expect(await refund(id)).toMatchObject({ refunded: 10, left: 0 })
})

test('a foreign hold looks like a missing one, and a missing scope is said', async () => {
  await ledger.database.call('project_register', { p_name: 'stranger', p_version: '1' })
  const id = await hold(5)
  const p_key = uuidv7()
  const as = (caps: string[], p_hold: string) =>
    ledger.database.call(
      'ledger_refund_hold',
      { p_key, p_hold },
      { claims: { role: 'core_member', project: 'stranger', sub: 'key', caps } },
    )
  const masked = async (p_hold: string) => {
    const error = await as(['ledger:grant'], p_hold).catch((thrown: unknown) => thrown)
    return String(error).replaceAll(p_hold, 'id')
  }
  expect(await masked(id)).toBe(await masked(uuidv7()))
  await expect(as(['ledger:spend'], id)).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
})

test('a hold without charges has nothing to refund', async () => {
  await expect(refund(await hold(5))).rejects.toMatchObject({ details: { reason: 'over_refund', left: 0 } })
})

test('the client refunds by hold; its errors carry the key', async () => {
  await using client = createLedger({ database: ledger.database })
  const id = await hold(10)
  await call('settle', { p_hold: id, p_amount: 10 })
  expect(await client.refundHold({ hold: id, amount: credits(0.000004) })).toMatchObject({
    status: 'refunded',
    refunded: 4,
    left: 6,
    hold: id,
  })
  await expect(client.refundHold({ hold: id, amount: credits(1) })).rejects.toMatchObject({
    details: { key: expect.any(String), reason: 'over_refund' },
  })
})
