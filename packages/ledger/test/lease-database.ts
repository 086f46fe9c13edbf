import type { Json, JsonInput, MemberClaims } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { z } from 'zod'

/** An answer of core_api, loosely: tests look at the fields they are about. */
export type Answer = Record<string, Json>
const answer = z.record(z.string(), z.json())

export interface LeaseDatabase extends TestDatabase {
  /** Any function of core_api, as the owner or with claims. */
  call(name: string, args: Record<string, JsonInput>, claims?: MemberClaims): Promise<Answer>
  /** Throws unless the audit is clean. */
  audit(): Promise<void>
  /** Lets time pass for a lease and its hold, by moving them into the past. */
  age(lease: string, interval: string): Promise<void>
}

/** A database with the account `smart_layer`, granted 1,000 credits. */
export async function openLeaseDatabase(): Promise<LeaseDatabase> {
  const test = await createTestDatabase()
  const call: LeaseDatabase['call'] = async (name, args, claims) =>
    answer.parse(await test.database.call(name, args, claims ? { claims } : {}))
  await call('ledger_account_open', { p_key: 'open', p_account: 'smart_layer' })
  await call('ledger_grant', { p_key: 'grant', p_account: 'smart_layer', p_amount: 1_000_000_000 })
  return {
    ...test,
    call,
    async audit() {
      const { violations } = await call('ledger_audit', {})
      if (JSON.stringify(violations) !== '[]') throw new Error(`the audit found ${JSON.stringify(violations)}`)
    },
    async age(lease, interval) {
      const past = `opened_at = opened_at - interval '${interval}', expires_at = expires_at - interval '${interval}'`
      await test.sql(`update core.ledger_lease set ${past} where id = $1`, [lease])
      await test.sql(`update core.ledger_hold set ${past} where id = $1`, [lease])
    },
  }
}
