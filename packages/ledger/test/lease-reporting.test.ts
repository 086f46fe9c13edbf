import { readFile } from 'node:fs/promises'
import { CoreError, type Logger, silentLogger } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { describe, expect, test, vi } from 'vitest'
import type { LeaseCalls } from '../src/index.ts'
import { account, away, base, calls, facts, file, ledger, of, open, useLeases } from './lease-fixture.ts'

useLeases()

describe('reporting', () => {
  test('continues in the background', async () => {
    const lease = await open({ reportEveryMs: 20 })
    await lease.spend(of(100))
    await vi.waitFor(async () => expect(await facts(lease)).toMatchObject({ reported: 100 }), 30_000)
    await lease.spend(of(50))
    await vi.waitFor(() => expect(lease.unreported).toBe(0), 30_000)
    expect(await facts(lease)).toMatchObject({ reported: 150, seq: 2 })
  })

  test('tries again while the database is away and catches up when it is back', async () => {
    let [isUp, tries] = [false, 0]
    const report: LeaseCalls['report'] = (part, options) => {
      tries += 1
      return isUp ? ledger.leases.report(part, options) : Promise.reject(away)
    }
    const warnings: string[] = []
    const logger: Logger = {
      ...silentLogger,
      warn: (_, message) => warnings.push(String(message)),
      child: () => logger,
    }
    const clock = createFakeClock()
    const lease = await open({ ledger: calls({ report }), reportEveryMs: 1_000, clock, logger })
    await lease.spend(of(100))
    await vi.waitFor(async () => {
      await clock.advance(1_000)
      expect(tries).toBeGreaterThan(4)
    }, 30_000)
    expect(warnings).toEqual(['a credit lease could not report; trying again'])
    await expect(lease.report()).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
    expect(lease).toMatchObject({ state: 'open', fault: undefined, unreported: 100 })
    isUp = true
    await vi.waitFor(async () => {
      await clock.advance(1_000)
      expect(lease.unreported).toBe(0)
    }, 30_000)
    expect(await facts(lease)).toMatchObject({ reported: 100, seq: 1 })
  })

  test('a report whose answer was lost is sent again and charges once', async () => {
    let isLost = true
    const report: LeaseCalls['report'] = async (part, options) => {
      const outcome = await ledger.leases.report(part, options)
      if (!isLost) return outcome
      isLost = false
      throw new CoreError('E_TIMEOUT', 'no answer in time')
    }
    const lease = await open({ ledger: calls({ report }) })
    await lease.spend(of(100))
    await expect(lease.report()).rejects.toMatchObject({ code: 'E_TIMEOUT' })
    await lease.spend(of(10))
    await lease.report()
    expect(await facts(lease)).toMatchObject({ reported: 110, seq: 2 })
  })

  test('reports that overlap keep their order', async () => {
    const lease = await open({ reportEveryMs: 5 })
    for (let round = 0; round < 20; round++) {
      void lease.spend(of(1))
      void lease.report().catch(() => undefined)
      await Promise.all([lease.spend(of(2)), lease.report(), lease.report()])
    }
    expect(lease).toMatchObject({ state: 'open', fault: undefined, spent: 60, unreported: 0 })
    expect(await facts(lease)).toMatchObject({ reported: 60 })
  })

  test('a lease closed by another caller is refused, keeps its journal, and stops', async () => {
    const lease = await open()
    await lease.spend(of(100))
    await base.call('ledger_lease_close', { p_key: `operator ${account}`, p_lease: lease.id })
    await expect(lease.report()).rejects.toMatchObject({
      code: 'E_CONFLICT',
      details: { reason: 'lease_refused', refusal: 'hold_closed', unreported: 100 },
    })
    expect(lease.state).toBe('refused')
    await expect(lease.spend(of(1))).rejects.toMatchObject({ code: 'E_CONFLICT' })
    expect(await lease.close()).toMatchObject({ status: 'detached', unreported: 100, cause: { code: 'E_CONFLICT' } })
    expect((await readFile(file)).length).toBeGreaterThan(0)
  })

  test('a lease closed by another caller after everything was reported is replaced by a new one', async () => {
    const lease = await open({ reportEveryMs: 20 })
    await lease.spend(of(100))
    await lease.report()
    await lease.detach()
    await base.call('ledger_lease_close', { p_key: `operator ${account}`, p_lease: lease.id })
    const stale = await open({ reportEveryMs: 20 })
    await vi.waitFor(() => expect(stale.state).toBe('expired'), 30_000)
    expect(await stale.spend(of(1))).toMatchObject({ status: 'lease_expired' })
    expect(await stale.close()).toEqual({ status: 'closed', reported: 100, released: 0 })
    expect(await open()).toMatchObject({ resumed: false, remaining: 1_000 })
  })

  test('what an earlier process left is reported at once', async () => {
    const lease = await open()
    await lease.spend(of(100))
    await lease.detach()
    const again = await open()
    await vi.waitFor(() => expect(again.unreported).toBe(0), 30_000)
  })

  test('a database that has gone back in time is noticed', async () => {
    const lease = await open()
    await lease.spend(of(100))
    await lease.report()
    await lease.spend(of(5))
    // As after a restore of an older backup: the report is gone.
    const gap: LeaseCalls['report'] = async ({ seq, lease: id }) => ({
      status: 'lease_gap',
      lease: id,
      seq,
      expected: 1,
    })
    await lease.detach()
    const again = await open({ ledger: calls({ report: gap }) })
    await expect(again.report()).rejects.toMatchObject({ details: { refusal: 'lease_gap', seq: 2, expected: 1 } })
    expect(again.state).toBe('refused')
    await again.detach()
    await (await open()).close()
  })
})
