import { randomUUID } from 'node:crypto'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isObject } from './ledger-under-test.ts'

let base: TestDatabase
beforeAll(async () => {
  base = await createTestDatabase()
})
afterAll(() => base.drop())

describe('lifetime sums', () => {
  test('credits that go there and back never use up what an account can receive', async () => {
    const half = 5_000_000_000_000_000
    for (const account of ['there', 'back'])
      await base.database.rpc('ledger_account_open', { p_key: randomUUID(), p_account: account })
    await base.database.rpc('ledger_grant', { p_key: randomUUID(), p_account: 'there', p_amount: half })
    for (let round = 0; round < 3; round++) {
      for (const [p_from, p_to] of [
        ['there', 'back'],
        ['back', 'there'],
      ] as const) {
        const moved = await base.database.rpc('ledger_transfer', { p_key: randomUUID(), p_from, p_to, p_amount: half })
        expect(moved).toMatchObject({ ok: true, moved: half })
      }
    }
    const charged = await base.database.rpc('ledger_charge', {
      p_key: randomUUID(),
      p_account: 'there',
      p_amount: half,
    })
    // The charge is netted by what comes in; its refund takes that back.
    await base.database.rpc('ledger_grant', { p_key: randomUUID(), p_account: 'there', p_amount: half - 5 })
    const tx = isObject(charged) ? Number(charged['tx']) : 0
    const refund = { p_key: randomUUID(), p_tx: tx, p_amount: 4 }
    expect(await base.database.rpc('ledger_refund', refund)).toMatchObject({ available: half - 1 })
    expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  })

  test.each([
    [
      'totals are the sums of entries',
      `update core.ledger_account set total_in = total_in + 7, total_out = total_out + 7 where code = 'there'`,
    ],
    ['a window carries what the one before passed on', `update core.ledger_window set carried = carried + 7`],
  ])('the audit sees it when not: %s', async (check, change) => {
    const budget = { p_account: 'there', p_name: 'daily', p_period: 'day', p_limit: 1_000 }
    await base.database.rpc('ledger_budget_set', { p_key: randomUUID(), ...budget })
    const client = await base.connect()
    await client.query('begin')
    await client.query(change)
    const { rows } = await client.query('select core_api.ledger_audit() as found')
    await client.query('rollback')
    expect(rows[0].found.violations).toContainEqual(expect.objectContaining({ check }))
  })
})
