import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { createLedger, microCredits, openLease } from '../src/index.ts'
import type { LeaseJob } from './lease-child.ts'
import type { LeaseDatabase } from './lease-database.ts'
import { type Acknowledged, addAcknowledged, startLeaseProcess } from './lease-process.ts'

/**
 * Spends in one process after another, kills each with -9 at a moment of its own (from its start to the midst of its
 * spending), then reconciles: acknowledged <= reported <= leased, every acknowledged key exactly once, one lease.
 */
export async function killAndReconcile(base: LeaseDatabase, folder: string, kills: number): Promise<void> {
  const account = 'smart_layer/killed'
  await base.call('ledger_account_open', { p_key: account, p_account: account, p_kind: 'user' })
  await base.call('ledger_grant', { p_key: `grant ${account}`, p_account: account, p_amount: 10_000_000_000 })
  const job = {
    url: base.url,
    file: join(folder, 'killed.journal'),
    account,
    amount: 2_000_000_000,
    workers: 8,
    plain: 4,
  }
  const acknowledged: Acknowledged = { total: 0, keys: new Map() }
  for (let round = 0; round < kills; round++) {
    const child = startLeaseProcess({ ...job, name: `r${round}` })
    if (round % 3 === 0) await sleep(Math.random() * 500)
    else await child.says('leased').then(() => sleep(Math.random() * 150))
    await child.kill()
    addAcknowledged(acknowledged, child.lines)
  }
  expect(acknowledged.keys.size, 'the processes got to spend').toBeGreaterThan(kills)
  await reconcile(base, job, acknowledged)
}

/** Takes the journal over, closes the lease, and compares what was acknowledged with what the database has. */
export async function reconcile(
  base: LeaseDatabase,
  { account, file, amount }: Pick<LeaseJob, 'account' | 'file' | 'amount'>,
  acknowledged: Acknowledged,
): Promise<void> {
  const ledger = createLedger({ database: base.database })
  const lease = await openLease({ ledger, account, amount: microCredits(amount), file })
  if (lease.status !== 'leased') throw new Error(lease.status)
  expect(lease.resumed, 'every process continued with the same lease').toBe(true)
  const { spent, id } = lease
  expect(await lease.close()).toMatchObject({ status: 'closed', reported: spent })
  expect(acknowledged.total, 'nothing acknowledged is lost').toBeLessThanOrEqual(spent)
  expect(spent, 'nothing is spent beyond the lease').toBeLessThanOrEqual(amount)
  expect(await base.call('ledger_lease_get', { p_lease: id })).toMatchObject({
    status: 'closed',
    reported: spent,
    flags: [],
  })
  const leases = await base.sql(
    'select l.id from core.ledger_lease l join core.ledger_account a on a.id = l.account_id where a.code = $1',
    [account],
  )
  expect(leases, 'no lease was opened and forgotten').toEqual([{ id }])

  const reported = await reportedKeys(base, id)
  for (const [key, { times }] of reported) expect([key, times], 'nothing is reported twice').toEqual([key, 1])
  for (const [key, value] of acknowledged.keys) expect(reported.get(key)).toEqual({ times: 1, amount: value })
  await base.audit()
}

/** Every key that the database has of a lease, as often as it has it. */
async function reportedKeys(
  base: LeaseDatabase,
  lease: string,
): Promise<Map<string, { times: number; amount: number }>> {
  const rows = await base.sql(
    `select i.value ->> 'key' as key, count(*)::int as times, sum((i.value -> 'amount')::int)::int as amount
     from core.ledger_tx t, jsonb_array_elements(t.request -> 'items') i
     where t.hold = $1 and t.op = 'lease_report' and i.value ? 'key' group by 1`,
    [lease],
  )
  return new Map(rows.map(({ key, times, amount }) => [String(key), { times: Number(times), amount: Number(amount) }]))
}
