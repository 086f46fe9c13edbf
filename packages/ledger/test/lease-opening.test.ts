import { readdir, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { CoreError } from '@core/foundation'
import { describe, expect, test } from 'vitest'
import { type LeaseCalls, openLease } from '../src/index.ts'
import {
  account,
  away,
  balance,
  base,
  calls,
  folder,
  input,
  isAway,
  ledger,
  of,
  open,
  useLeases,
} from './lease-fixture.ts'

useLeases()

describe('opening', () => {
  test('is denied as the database says, and leaves no journal', async () => {
    expect(await openLease(input({ amount: of(2_001) }))).toMatchObject({
      status: 'lease_limit',
      limit: 2_000,
      requested: 2_001,
      available: 10_000,
    })
    expect(await openLease(input({ amount: of(10_001) }))).toMatchObject({ status: 'insufficient_credits' })
    expect(await openLease(input({ account: `${account}/x` }))).toEqual({
      status: 'account_not_found',
      account: `${account}/x`,
    })
    await expect(openLease(input({ ttlSeconds: 604_801 }))).rejects.toMatchObject({ code: 'E_INVALID' })
    expect(await readdir(join(folder, 'spends'))).toEqual([])
    expect(await open()).toMatchObject({ state: 'open' })
  })

  test('twice on one journal is refused', async () => {
    await open()
    await expect(openLease(input())).rejects.toMatchObject({ code: 'E_LEASE_LOCKED', details: { pid: process.pid } })
  })

  test('resumes the lease of the journal, also while the database is away', async () => {
    const lease = await open()
    await lease.spend(of(100))
    await lease.detach()
    const again = await open({ ledger: calls(isAway), amount: of(5) })
    expect(again).toMatchObject({
      id: lease.id,
      amount: 1_000,
      remaining: 900,
      unreported: 100,
      resumed: true,
      state: 'open',
    })
    await again.spend(of(20))
    const left = await again.close({ timeoutMs: 200 })
    expect(left).toMatchObject({ status: 'detached', unreported: 120 })
    expect(left).toMatchObject({ cause: { code: 'E_DATABASE_UNAVAILABLE' } })
    const last = await open()
    expect(await last.close()).toEqual({ status: 'closed', reported: 120, released: 880 })
  })

  test('with a journal of another account is refused', async () => {
    await (await open()).detach()
    await expect(openLease(input({ account: 'smart_layer' }))).rejects.toMatchObject({
      code: 'E_CONFLICT',
      details: { reason: 'lease_of_another_account', account },
    })
  })

  test('needs the database for a new lease, and asks with the same key again', async () => {
    const keys: string[] = []
    const lost: LeaseCalls['open'] = async (question, options) => {
      keys.push(question.key)
      await ledger.leases.open(question, options)
      throw away // the answer was lost
    }
    await expect(openLease(input({ ledger: calls({ open: lost }) }))).rejects.toMatchObject({
      code: 'E_DATABASE_UNAVAILABLE',
      retryable: true,
    })
    expect(await balance()).toMatchObject({ held: 1_000 })
    const lease = await open({
      ledger: calls({
        open: (question, options) => {
          keys.push(question.key)
          return ledger.leases.open(question, options)
        },
      }),
    })
    expect(new Set(keys).size).toBe(1)
    expect(keys).toHaveLength(2)
    expect(await balance()).toMatchObject({ held: 1_000 })
    expect(await lease.close()).toMatchObject({ status: 'closed', released: 1_000 })
  })

  test('an answer that was lost long ago does not bring its time back', async () => {
    const lost: LeaseCalls['open'] = async (question, options) => {
      await ledger.leases.open(question, options)
      throw away
    }
    await expect(openLease(input({ ledger: calls({ open: lost }) }))).rejects.toMatchObject({ retryable: true })
    const hoursLater: LeaseCalls['get'] = async (id, options) => {
      const answer = await ledger.leases.get(id, options)
      return { ...answer, at: new Date(answer.at.getTime() + 2 * 3_600_000) }
    }
    const lease = await open({ ledger: calls({ get: hoursLater }) })
    const [old] = await base.sql(
      `select l.id, l.closed_at is not null as closed from core.ledger_lease l
       join core.ledger_account a on a.id = l.account_id where a.code = $1 order by l.opened_at limit 1`,
      [account],
    )
    expect(old).toMatchObject({ closed: true })
    expect(lease.id).not.toBe(old?.['id'])
    expect(await balance()).toMatchObject({ held: 1_000 })
  })

  test('an empty journal is damaged and stays: no new lease takes its place', async () => {
    await (await open()).detach()
    const journal = join(folder, 'spends', 'a.journal')
    await truncate(journal)
    await expect(openLease(input())).rejects.toMatchObject({
      code: 'E_LEASE_JOURNAL',
      details: { reason: 'journal_corrupt', offset: 0 },
    })
    expect((await stat(journal)).size).toBe(0)
    expect(await balance()).toMatchObject({ held: 1_000 })
  })

  test('with a margin longer than the lease is refused', async () => {
    await expect(openLease(input({ marginMs: 3_600_000 }))).rejects.toMatchObject({
      code: 'E_INVALID',
      details: { field: 'marginMs' },
    })
  })

  test('an open that is refused for good leaves nothing to ask again', async () => {
    const forbidden = () => Promise.reject(new CoreError('E_FORBIDDEN', 'no'))
    await expect(openLease(input({ ledger: calls({ open: forbidden }) }))).rejects.toMatchObject({
      code: 'E_FORBIDDEN',
    })
    expect(await readdir(join(folder, 'spends'))).toEqual([])
  })

  test('a question whose answer was lost is dropped when it is denied now', async () => {
    await expect(openLease(input({ ledger: calls(isAway) }))).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
    await ledger.charge({ account, amount: of(9_000) })
    expect(await openLease(input())).toMatchObject({ status: 'lease_limit', limit: 200 })
    expect(await open({ amount: of(200) })).toMatchObject({ amount: 200, resumed: false })
  })
})
