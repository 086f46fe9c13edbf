import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '@core/database'
import { type PostgresServer, startPostgresServer } from '@core/database/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createLedger, type Lease, type Ledger, microCredits, type OpenLeaseInput, openLease } from '../src/index.ts'

let folder: string
let server: PostgresServer
let database: Database
let ledger: Ledger
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-away-'))
  server = await startPostgresServer({ folder: `${folder}-server`, migrated: true }) // beside: its user may not enter ours
  database = await openDatabase({ driver: 'postgres', url: server.url(), timeoutMs: 2_000 })
  ledger = createLedger({ database })
  await database.rpc('ledger_account_open', { p_key: 'open', p_account: 'smart_layer' })
  await ledger.grant({ account: 'smart_layer', amount: microCredits(10_000) })
})
afterAll(async () => {
  await database.close()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

async function open(): Promise<Lease> {
  const input: OpenLeaseInput = {
    ledger,
    account: 'smart_layer',
    amount: microCredits(1_000),
    file: join(folder, 'a.journal'),
    reportEveryMs: 50,
  }
  const lease = await openLease(input)
  if (lease.status !== 'leased') throw new Error(lease.status)
  return lease
}
const reported = async (lease: Lease) => (await ledger.leases.get(lease.id)).reported

test('with the database away spending continues, over restarts; when it is back everything is reported once', async () => {
  const lease = await open()
  await lease.spend(microCredits(100))
  await vi.waitFor(async () => expect(await reported(lease)).toBe(100), 30_000)

  await server.halt()
  await lease.spend(microCredits(10), { key: 'offline' })
  await expect(lease.report({ timeoutMs: 1_000 })).rejects.toMatchObject({ retryable: true })
  expect(await lease.close({ timeoutMs: 500 })).toMatchObject({ status: 'detached', unreported: 10 })

  const resumed = await open()
  expect(resumed).toMatchObject({ id: lease.id, resumed: true, state: 'open', spent: 110, remaining: 890 })
  expect(await resumed.spend(microCredits(10), { key: 'offline' })).toEqual({ status: 'spent', replayed: true })
  await resumed.spend(microCredits(20))
  expect(await resumed.spend(microCredits(871))).toMatchObject({ status: 'lease_exhausted', remaining: 870 })

  await server.start()
  await vi.waitFor(async () => expect(await reported(lease)).toBe(130), { timeout: 30_000, interval: 100 })
  expect(await resumed.close()).toEqual({ status: 'closed', reported: 130, released: 870 })
  expect(await ledger.balance('smart_layer')).toMatchObject({ settled: 9_870, held: 0 })
  expect(await database.rpc('ledger_audit', {})).toMatchObject({ clean: true })
})

test('a new lease needs the database', async () => {
  await server.halt()
  await expect(open()).rejects.toMatchObject({ retryable: true })
  await server.start()
  const lease = await open()
  expect(lease).toMatchObject({ resumed: false, remaining: 1_000 })
  expect(await lease.close()).toMatchObject({ status: 'closed', released: 1_000 })
})
