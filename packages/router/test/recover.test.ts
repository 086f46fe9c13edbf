import { randomUUID } from 'node:crypto'
import type { JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** What a project does with its own holds and keys does not keep the calls of others from being charged. */

let base: TestDatabase
beforeAll(async () => {
  base = await createTestDatabase()
  for (const project of ['mine', 'theirs']) {
    await base.database.rpc('project_register', { p_name: project })
    await call('account_open', { p_account: project, p_kind: 'project' })
    await call('grant', { p_account: project, p_amount: 1_000 })
  }
})
afterAll(async () => {
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  await base.drop()
})

const call = (op: string, args: Record<string, JsonInput>) =>
  base.database.call(`ledger_${op}`, { p_key: randomUUID(), ...args })
const reserve = (account: string, hold: string, metadata: JsonInput) =>
  call('reserve', { p_account: account, p_amount: 100, p_hold: hold, p_metadata: metadata })

test('a lapsed call is charged whatever others have done with its id, its key or the size of their metadata', async () => {
  const [shared, taken, large] = [randomUUID(), randomUUID(), randomUUID()]
  await reserve('theirs', shared, { floor: 3 })
  await reserve('theirs', taken, { floor: 4 })
  await reserve('theirs', large, { floor: 5, note: 'x'.repeat(16_300) })
  await reserve('mine', shared, { floor: 7 })
  await call('charge', { p_key: `recover:${taken}`, p_account: 'theirs', p_amount: 1 })
  await base.sql(`update core.ledger_hold set expires_at = clock_timestamp() - interval '1 hour'`)
  await base.database.rpc('ledger_expire_due', {})
  expect(await base.database.rpc('router_recover', {})).toMatchObject({ ok: true, recovered: 4, charged: 19 })
  expect(await base.database.rpc('router_recover', {})).toMatchObject({ recovered: 0 })
  expect(await base.database.rpc('ledger_balance', { p_account: 'mine' })).toMatchObject({ settled: 993 })
  const [row] = await base.sql(
    `select count(distinct request -> 'metadata' ->> 'flags') as kinds from core.ledger_tx where key like 'recover:%' and op = 'settle'`,
  )
  expect(row).toEqual({ kinds: '1' })
})
