import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
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

/** What the hold of a call has. */
const made = { call: 'call', target: 'provider/model' }
async function lapse(age = '1 hour'): Promise<void> {
  await base.sql(`update core.ledger_hold set expires_at = clock_timestamp() - $1::interval where status = 'open'`, [
    age,
  ])
  await base.database.rpc('ledger_expire_due', {})
}
const recover = () => base.database.rpc('router_recover', {})

test('a lapsed call is charged whatever others have done with its id, its key or the size of their metadata', async () => {
  const [shared, taken, large] = [randomUUID(), randomUUID(), randomUUID()]
  await reserve('theirs', shared, { ...made, floor: 3 })
  await reserve('theirs', taken, { ...made, floor: 4 })
  await reserve('theirs', large, { ...made, floor: 5, note: 'x'.repeat(16_250) })
  await reserve('mine', shared, { ...made, floor: 7 })
  await call('charge', { p_key: `recover:${taken}`, p_account: 'theirs', p_amount: 1 })
  await lapse()
  expect(await recover()).toMatchObject({ ok: true, recovered: 4, charged: 19 })
  expect(await recover()).toMatchObject({ recovered: 0 })
  expect(await base.database.rpc('ledger_balance', { p_account: 'mine' })).toMatchObject({ settled: 993 })
  const [row] = await base.sql(
    `select count(distinct request -> 'metadata' ->> 'flags') as kinds from core.ledger_tx where key like 'recover:%' and op = 'settle'`,
  )
  expect(row).toEqual({ kinds: '1' })
})

test('a hold that is no call of a model lapses for nothing, whatever its metadata', async () => {
  await reserve('mine', randomUUID(), { floor: 3 })
  await lapse()
  expect(await recover()).toMatchObject({ recovered: 0 })
})

test('a call is charged however long no control plane was there', async () => {
  await reserve('mine', randomUUID(), { ...made, floor: 3 })
  await lapse('30 days')
  expect(await recover()).toMatchObject({ recovered: 1, charged: 3 })
})

test('a call of a project that is not registered is charged, and keeps no other from it', async () => {
  await call('account_open', { p_account: 'unknown', p_kind: 'project' })
  await call('grant', { p_account: 'unknown', p_amount: 1_000 })
  const row = { ...made, subject: 'somebody', operation: 'chat', route: 'route', floor: 3 }
  await reserve('unknown', randomUUID(), { ...row, account: 'unknown' })
  await reserve('mine', randomUUID(), { ...row, account: 'mine' })
  await lapse()
  expect(await recover()).toMatchObject({ recovered: 2, charged: 6 })
})

test('calls are charged while others spend of a shared budget without a deadlock', async () => {
  await call('account_open', { p_account: 'pool', p_kind: 'pool' })
  await call('budget_set', { p_account: 'pool', p_name: 'daily', p_period: 'day', p_limit: 10_000 })
  const accounts = ['pool/first', 'pool/second']
  for (const account of accounts) {
    await call('account_open', { p_account: account, p_parent: 'pool' })
    await call('grant', { p_account: account, p_amount: 1_000 })
    await reserve(account, randomUUID(), { ...made, floor: 3 })
  }
  await lapse()
  const other = await base.connect()
  await other.query('begin')
  await other.query('select from core.ledger_account where code = $1 for no key update', ['pool/second'])
  const recovered = recover()
  const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  while ((await base.sql(waiting)).length === 0) await sleep(5)
  await other.query(`select core_api.ledger_charge('other', 'pool/second', 1)`)
  await other.query('commit')
  expect(await recovered).toMatchObject({ recovered: 2, charged: 6 })
  const [{ deadlocks } = {}] = await base.sql(
    'select deadlocks::int from pg_stat_database where datname = current_database()',
  )
  expect(deadlocks).toBe(0)
})
