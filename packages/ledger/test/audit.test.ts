import { randomUUID } from 'node:crypto'
import type { JsonInput } from '@core/database'
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

describe('metadata', () => {
  const nested = (depth: number): JsonInput => (depth === 0 ? 1 : { a: nested(depth - 1) })
  const op = (metadata: JsonInput) => ({ op: 'charge', key: randomUUID(), account: 'back', amount: 1, metadata })

  test('too deep is a refusal of its own operation, alone and in both kinds of batch', async () => {
    await base.database.rpc('ledger_grant', { p_key: randomUUID(), p_account: 'back', p_amount: 100 })
    const capture = { op: 'grant', key: randomUUID(), account: 'back', amount: 1 }
    for (const others of [[], [op({})], [capture]]) {
      const ops = [op(nested(33)), op(nested(32)), ...others]
      expect(await base.database.rpc('ledger_batch', { p_ops: ops })).toMatchObject({
        results: [{ ok: false, code: 'object_too_deep' }, { ok: true }, ...others.map(() => ({ ok: true }))],
      })
    }
  })

  test('null is none, in both kinds of batch', async () => {
    for (const other of [op({}), { op: 'grant', key: randomUUID(), account: 'back', amount: 1 }]) {
      expect(await base.database.rpc('ledger_batch', { p_ops: [op(null), other] })).toMatchObject({
        results: [{ ok: true }, { ok: true }],
      })
    }
    expect(await base.database.rpc('ledger_batch', { p_ops: [op(null)] })).toMatchObject({ results: [{ ok: true }] })
  })
})

test('an audit of an account audits what draws on others, and says whose numbers it has', async () => {
  await base.database.rpc('ledger_account_open', { p_key: randomUUID(), p_account: 'back/kid', p_funding: 'parent' })
  await base.database.rpc('ledger_charge', { p_key: randomUUID(), p_account: 'back/kid', p_amount: 3 })
  expect(await base.database.rpc('ledger_audit', { p_account: 'back/kid' })).toMatchObject({
    clean: true,
    accounts: 1,
    spent: 3,
  })
  expect(await base.database.rpc('ledger_audit', { p_account: 'back' })).toMatchObject({ clean: true, accounts: 2 })
})

test('an audit leaves its planner setting to itself: the rest of the transaction is planned as before', async () => {
  const account = 'planned'
  await base.database.rpc('ledger_account_open', { p_key: randomUUID(), p_account: account })
  await base.sql('begin')
  try {
    await base.sql('select core_api.ledger_audit($1)', [account])
    expect(await base.sql('show enable_seqscan')).toEqual([{ enable_seqscan: 'on' }])
  } finally {
    await base.sql('rollback')
  }
})
