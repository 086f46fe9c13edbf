import { createTestDatabase } from '@core/database/testing'
import { expect, test } from 'vitest'
import { createLedger, microCredits } from '../src/index.ts'

test('a batch spends from an account that no budget caps', async () => {
  await using base = await createTestDatabase()
  await using ledger = createLedger({ database: base.database })
  await base.database.rpc('ledger_account_open', { p_key: 'open', p_account: 'smart_layer' })
  await ledger.grant({ account: 'smart_layer', amount: microCredits(100) })
  const charge = await ledger.charge({ account: 'smart_layer', amount: microCredits(40) })
  expect(charge).toMatchObject({ status: 'charged', charged: 40, available: 60, budgets: [] })
  const hold = await ledger.reserve({ account: 'smart_layer', amount: microCredits(60) })
  if (hold.status !== 'reserved') throw new Error(hold.status)
  expect(await ledger.settle({ hold: hold.hold, amount: microCredits(1) })).toMatchObject({
    status: 'settled',
    available: 59,
  })
})
