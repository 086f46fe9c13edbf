import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoreError } from '@core/foundation'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import {
  createLedger,
  type Lease,
  type LeaseCalls,
  type Ledger,
  microCredits,
  type OpenLeaseInput,
  openLease,
} from '../src/index.ts'
import { type LeaseDatabase, openLeaseDatabase } from './lease-database.ts'

export let base: LeaseDatabase
export let ledger: Ledger
export let folder: string
export let file: string
export let account: string
let accounts = 0
export const opened: Lease[] = []

/** Called once by each file of tests: a database for the file, a folder and an account for each test. */
export function useLeases(): void {
  beforeAll(async () => {
    base = await openLeaseDatabase()
    ledger = createLedger({ database: base.database })
  })
  afterAll(async () => {
    await ledger.close()
    await base.drop()
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'core-lease-'))
    file = join(folder, 'spends', 'a.journal')
    account = `smart_layer/l${++accounts}`
    await base.call('ledger_account_open', { p_key: account, p_account: account, p_kind: 'user' })
    await ledger.grant({ account, amount: microCredits(10_000) })
  })
  afterEach(async () => {
    for (const lease of opened.splice(0)) await lease.detach().catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
    await base.audit()
  })
}

export const of = microCredits
export const input = (more: Partial<OpenLeaseInput> = {}): OpenLeaseInput => ({
  ledger,
  account,
  amount: of(1_000),
  file,
  ttlSeconds: 3_600,
  reportEveryMs: 600_000,
  ...more,
})
export async function open(more: Partial<OpenLeaseInput> = {}): Promise<Lease> {
  const lease = await openLease(input(more))
  if (lease.status !== 'leased') throw new Error(`denied: ${lease.status}`)
  opened.push(lease)
  return lease
}
export const balance = () => base.call('ledger_balance', { p_account: account })
export const facts = (lease: Lease) => base.call('ledger_lease_get', { p_lease: lease.id })
export const away = new CoreError('E_DATABASE_UNAVAILABLE', 'no answer')
/** The calls of the ledger, some of them replaced. */
export const calls = (changed: Partial<LeaseCalls>) => ({ leases: { ...ledger.leases, ...changed } })
export const isAway = {
  open: () => Promise.reject(away),
  report: () => Promise.reject(away),
  close: () => Promise.reject(away),
  get: () => Promise.reject(away),
}
