import { createTestDatabase, type TestDatabase, untilFinal } from '@core/database/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'

const page = z.object({ alerts: z.array(z.object({ id: z.number(), account: z.string() })) })

let test: TestDatabase
let keys = 0
const key = () => `key ${++keys}`

const openWithBudget = async (account: string) => {
  await test.database.rpc('ledger_account_open', { p_key: key(), p_account: account })
  await test.database.rpc('ledger_grant', { p_key: key(), p_account: account, p_amount: 1_000 })
  await test.database.rpc('ledger_budget_set', {
    p_key: key(),
    p_account: account,
    p_name: 'daily',
    p_period: 'day',
    p_limit: 100,
    p_alert_bp: [8_000],
  })
}
const list = async (after: number) => page.parse(await test.database.rpc('ledger_alerts', { p_after: after })).alerts

beforeEach(async () => {
  test = await createTestDatabase()
  for (const account of ['a', 'b', 'c']) await openWithBudget(account)
})
afterEach(() => test.drop())

it('a reader by cursor misses no alert that commits late', async () => {
  const slow = await test.connect()
  await slow.query('begin')
  await slow.query(`select core_api.ledger_charge('slow', 'a', 90)`) // has its id, and stays open
  await test.database.rpc('ledger_charge', { p_key: key(), p_account: 'b', p_amount: 90 }) // a greater id, committed
  const seen = await list(0)
  await slow.query('commit')
  await test.database.rpc('ledger_charge', { p_key: key(), p_account: 'c', p_amount: 90 })
  await untilFinal(test)
  for (;;) {
    const more = await list(seen.at(-1)?.id ?? 0)
    if (more.length === 0) break
    seen.push(...more)
  }
  expect(seen.map(({ account }) => account).sort()).toEqual(['a', 'b', 'c'])
})
