import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { type Clock, silentLogger, systemClock } from '@core/foundation'
import { createLedger, credits } from '@core/ledger'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBreaker } from '../src/breaker.ts'
import { openLeaseSpending } from '../src/nouns/lease-spending.ts'

let on: TestDatabase
let folder: string
beforeAll(async () => {
  on = await createTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'core-renewal-'))
  await on.database.rpc('ledger_account_open', { p_key: 'open', p_account: 'painter' })
  await on.database.rpc('ledger_grant', { p_key: 'grant', p_account: 'painter', p_amount: 100_000_000 })
})
afterAll(async () => {
  await on.drop()
  await rm(folder, { recursive: true, force: true })
})

const hour = 3_600_000
const leases = async () =>
  (await on.sql('select closed_at is null as open from core.ledger_lease order by opened_at')).map(({ open }) => open)

test('a process that runs for days always has a lease with half of its time left', async () => {
  let passedMs = 0
  const clock: Clock = {
    now: () => systemClock.now() + passedMs,
    monotonic: () => systemClock.monotonic() + passedMs,
    sleep: (ms, options) => systemClock.sleep(Math.min(ms, 20), options),
  }
  const given = { database: on.database, clock, logger: silentLogger, random: Math.random }
  await using breaker = createBreaker({ ...given, onChange: () => {} })
  await using ledger = createLedger({ database: on.database })
  const lease = { account: 'painter', amount: credits(10), file: join(folder, 'lease') }
  const spending = openLeaseSpending({ ledger, breaker, lease, clock, logger: silentLogger })
  await expect.poll(() => spending.canSpend, { timeout: 30_000 }).toBe(true)
  passedMs = 11 * hour
  await systemClock.sleep(200)
  expect(await leases()).toEqual([true])
  for (let renewed = 1; renewed <= 3; renewed++) {
    passedMs += renewed === 1 ? 2 * hour : 13 * hour
    const ended = Array.from({ length: renewed }, () => false)
    await expect.poll(leases, { timeout: 30_000 }).toEqual([...ended, true])
    await expect.poll(() => spending.canSpend, { timeout: 30_000 }).toBe(true)
  }
  await spending.close()
  expect(await leases()).toEqual([false, false, false, false])
  expect(await on.database.rpc('ledger_balance', { p_account: 'painter' })).toMatchObject({
    held: 0,
    settled: 100_000_000,
  })
})
