import type { JsonInput, MemberClaims } from '@core/database'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { type Answer, type LeaseDatabase, openLeaseDatabase } from './lease-database.ts'

export const at = '2026-11-20T10:00:00.000Z'
export const item = (amount: number) => ({ amount, at })

export let base: LeaseDatabase
export let account: string
let accounts = 0

/** Called once by each file of tests: a database for the file, whose audit is clean after each test. */
export function useLeaseFunctions(): void {
  beforeAll(async () => {
    base = await openLeaseDatabase()
  })
  afterAll(() => base.drop())
  afterEach(() => base.audit())
}

/** A fresh account with 1,000 micro-credits: small numbers read better. */
export async function openAccount(granted = 1_000): Promise<string> {
  account = `smart_layer/a${++accounts}`
  await base.call('ledger_account_open', { p_key: `open ${account}`, p_account: account, p_kind: 'user' })
  if (granted > 0) await base.call('ledger_grant', { p_key: `grant ${account}`, p_account: account, p_amount: granted })
  return account
}

export function openLease(args: Record<string, JsonInput> = {}, claims?: MemberClaims): Promise<Answer> {
  return base.call(
    'ledger_lease_open',
    { p_key: `lease ${accounts}`, p_account: account, p_amount: 200, p_ttl_s: 3_600, p_device: 'laptop', ...args },
    claims,
  )
}

export async function openedLease(amount = 200): Promise<string> {
  await openAccount()
  return String((await openLease({ p_amount: amount }))['lease'])
}

export const report = (lease: string, seq: number, items: JsonInput) =>
  base.call('ledger_lease_report', { p_lease: lease, p_seq: seq, p_items: items })
export const close = (lease: string, key = `close ${lease}`) =>
  base.call('ledger_lease_close', { p_key: key, p_lease: lease })
export const balance = () => base.call('ledger_balance', { p_account: account })
export const get = (lease: string) => base.call('ledger_lease_get', { p_lease: lease })

/** The account that the functions above mean from now on. */
export function useAccount(code: string): void {
  account = code
}
