import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

let test: TestDatabase
const hour = 3_600_000
const ago = (ms: number) => new Date(Date.now() - ms).toISOString()
const usage = async (account: string, args: { p_from?: string; p_to?: string; p_bucket?: string } = {}) =>
  z
    .object({
      usage: z.array(z.object({ start: z.string(), charged: z.number(), refunded: z.number(), charges: z.number() })),
    })
    .parse(
      await test.database.rpc('ledger_usage', {
        p_account: account,
        p_from: ago(24 * hour),
        p_to: ago(-hour),
        p_bucket: 'month',
        ...args,
      }),
    ).usage

beforeAll(async () => {
  test = await createTestDatabase()
  await test.sql(`
    select core_api.ledger_account_open('1', 'pool', 'pool');
    select core_api.ledger_account_open('2', 'a', 'project', 'pool', 0, '{}', 'parent');
    select core_api.ledger_account_open('3', 'b', 'project', 'pool', 0, '{}', 'parent');
    select core_api.ledger_grant('4', 'pool', 10000);
    select core_api.ledger_charge('5', 'a', 100);
    select core_api.ledger_charge('6', 'b', 30);
    select core_api.ledger_reserve('7', 'a', 500, '01990000-0000-7000-8000-000000000001');
    select core_api.ledger_capture('8', '01990000-0000-7000-8000-000000000001', 50);
    select core_api.ledger_settle('9', '01990000-0000-7000-8000-000000000001', 200);
    select core_api.ledger_refund('10', (select id from core.ledger_tx where key = '5'), 40)`)
})
afterAll(() => test.drop())

const sum = (rows: Awaited<ReturnType<typeof usage>>, field: 'charged' | 'refunded' | 'charges') =>
  rows.reduce((total, row) => total + row[field], 0)

it('shows each sibling what it spent from the common purse', async () => {
  const [a, b] = [await usage('a'), await usage('b')]
  expect([sum(a, 'charged'), sum(a, 'refunded'), sum(a, 'charges')]).toEqual([350, 40, 3])
  expect(sum(b, 'charged')).toBe(30)
})

it('the purse sums up everything that drew on it', async () => {
  expect(sum(await usage('pool'), 'charged')).toBe(380)
})

it('leaves out what lies outside the range', async () => {
  expect(await usage('a', { p_from: ago(48 * hour), p_to: ago(24 * hour) })).toEqual([])
})

it.each([
  [{ p_bucket: 'minute' }, 'invalid_bucket'],
  [{ p_from: ago(0), p_to: ago(hour) }, 'invalid_range'],
  [{ p_from: ago(2_000 * hour), p_bucket: 'hour' }, 'invalid_range'],
])('refuses %j', async (args, reason) => {
  await expect(usage('a', args)).rejects.toMatchObject({ code: 'E_INVALID', details: { reason } })
})

it('gauges count accounts, holds and what is due', async () => {
  await test.sql(`select core_api.ledger_reserve('20', 'b', 5, '01990000-0000-7000-8000-000000000002')`)
  await test.sql(
    `update core.ledger_hold set expires_at = now() - interval '10 seconds' where id = '01990000-0000-7000-8000-000000000002'`,
  )
  expect(await test.database.rpc('ledger_stats', {})).toMatchObject({
    accounts: 3,
    open_holds: 1,
    due_holds: 1,
    in_debt: 0,
  })
  expect(await test.database.rpc('ledger_expire_due', {})).toMatchObject({ expired: 1 })
  expect(await test.database.rpc('ledger_stats', {})).toMatchObject({ open_holds: 0, due_holds: 0 })
})
