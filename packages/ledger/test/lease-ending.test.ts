import { createFakeClock } from '@core/foundation/testing'
import { describe, expect, test, vi } from 'vitest'
import { type LeaseCalls, openLease } from '../src/index.ts'
import { away, balance, base, calls, facts, input, isAway, ledger, of, open, useLeases } from './lease-fixture.ts'

useLeases()

describe('time', () => {
  test('ends spending a margin before the lease does, reports the rest and ends the lease', async () => {
    const clock = createFakeClock()
    // The database's clock does not follow the fake one; here its answers do.
    const began = clock.monotonic()
    const shift = <Facts extends { at: Date }>(answer: Facts): Facts => ({
      ...answer,
      at: new Date(answer.at.getTime() + clock.monotonic() - began),
    })
    const later: Partial<LeaseCalls> = {
      get: async (id, options) => shift(await ledger.leases.get(id, options)),
      report: async (part, options) => {
        const outcome = await ledger.leases.report(part, options)
        return outcome.status === 'reported' ? shift(outcome) : outcome
      },
    }
    const lease = await open({ clock, marginMs: 60_000, ledger: calls(later) })
    await lease.spend(of(100))
    await clock.advance(3_600_000 - 62_000)
    expect(await lease.spend(of(100))).toMatchObject({ status: 'spent' })
    await clock.advance(2_000)
    expect(await lease.spend(of(1))).toEqual({ status: 'lease_expired', expiresAt: lease.expiresAt })
    expect(lease.state).toBe('expired')
    await vi.waitFor(async () => {
      await clock.advance(1_000)
      expect(await facts(lease)).toMatchObject({ status: 'closed', reported: 200 })
    }, 30_000)
    expect(await balance()).toMatchObject({ settled: 9_800, held: 0 })
    expect(await lease.close()).toEqual({ status: 'closed', reported: 200, released: 800 })
  })

  test('a wall clock set ahead stops spending until the database has given its time', async () => {
    const clock = createFakeClock()
    const lease = await open({ clock, reportEveryMs: 1_000 })
    clock.setNow(clock.now() + 100 * 3_600_000)
    expect(await lease.spend(of(1))).toMatchObject({ status: 'lease_expired' })
    await vi.waitFor(async () => {
      await clock.advance(1_000)
      expect(lease.state).toBe('open')
    }, 30_000)
    expect(await lease.spend(of(1))).toMatchObject({ status: 'spent' })
    expect(await facts(lease)).toMatchObject({ status: 'open' })
  })

  test('a lease that expired meanwhile is reported and ended, and a new one opened', async () => {
    const lease = await open()
    await lease.spend(of(100), { key: 'k' })
    await lease.detach()
    const clock = createFakeClock(Date.now() + 2 * 3_600_000)
    const isOver: LeaseCalls['get'] = async (id, options) => {
      const answer = await ledger.leases.get(id, options)
      return { ...answer, at: new Date(answer.at.getTime() + 2 * 3_600_000) }
    }
    await expect(openLease(input({ clock, ledger: calls(isAway) }))).rejects.toMatchObject({
      code: 'E_DATABASE_UNAVAILABLE',
    })
    const next = await open({ clock, ledger: calls({ get: isOver }) })
    expect(next.id).not.toBe(lease.id)
    expect(next).toMatchObject({ resumed: false, remaining: 1_000 })
    expect(await facts(lease)).toMatchObject({ status: 'closed', reported: 100 })
    expect(await balance()).toMatchObject({ settled: 9_900, held: 1_000 })
  })

  test('reports in the grace are in order; after it they charge as late', async () => {
    const lease = await open()
    await lease.spend(of(100))
    await base.age(lease.id, '10 hours')
    await lease.report()
    expect(await facts(lease)).toMatchObject({ status: 'expired', reported: 100, flags: [] })
    await lease.spend(of(50))
    await base.age(lease.id, '16 hours')
    expect(await balance()).toMatchObject({ settled: 9_900, held: 0 })
    expect(await lease.close()).toEqual({ status: 'closed', reported: 150, released: 0 })
    expect(await facts(lease)).toMatchObject({ reported: 150, flags: ['late'] })
    expect(await balance()).toMatchObject({ settled: 9_850, held: 0 })
  })

  test('without trusted clocks nothing is spent until the database has given its time', async () => {
    const bootTime = { boot: 'boot-1', uptimeMs: () => 1_000 }
    const clock = createFakeClock(Date.now())
    const lease = await open({ clock, bootTime })
    await lease.spend(of(1))
    await lease.detach()
    const rebooted = { clock: createFakeClock(Date.now() - 3_600_000), bootTime: { boot: 'boot-2', uptimeMs: () => 0 } }
    await expect(openLease(input({ ...rebooted, ledger: calls(isAway) }))).rejects.toMatchObject({
      code: 'E_DATABASE_UNAVAILABLE',
    })
    expect(await open(rebooted)).toMatchObject({ id: lease.id, state: 'open' })
  })
})

describe('closing', () => {
  test('refuses what comes after, and may be called again', async () => {
    const lease = await open()
    const [first, second] = await Promise.all([lease.close(), lease.close()])
    expect(second).toEqual(first)
    await expect(lease.spend(of(1))).rejects.toMatchObject({ code: 'E_CLOSED' })
    expect(() => lease.spendBuffered(of(1))).toThrow(expect.objectContaining({ code: 'E_CLOSED' }))
    await expect(lease.report()).rejects.toMatchObject({ code: 'E_CLOSED' })
    expect(lease.state).toBe('closed')
    await lease.detach()
  })

  test('loses nothing that was spent in the same moment', async () => {
    const lease = await open()
    const spends = Array.from({ length: 100 }, () => lease.spend(of(1)))
    const closed = lease.close()
    for (const outcome of await Promise.all(spends)) expect(outcome).toMatchObject({ status: 'spent' })
    expect(await closed).toEqual({ status: 'closed', reported: 100, released: 900 })
  })

  test('whose answer was lost is asked for again, and the next lease is a new one', async () => {
    const lease = await open({
      ledger: calls({
        close: async (question, options) => {
          await ledger.leases.close(question, options)
          throw away
        },
      }),
    })
    await lease.spend(of(100))
    expect(await lease.close()).toMatchObject({ status: 'detached', unreported: 0 })
    await expect(openLease(input({ ledger: calls(isAway) }))).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
    expect(await open()).toMatchObject({ resumed: false, remaining: 1_000 })
    expect(await facts(lease)).toMatchObject({ status: 'closed', reported: 100 })
  })

  test('gives up on a database that does not answer, and frees the journal', async () => {
    const hang: LeaseCalls['report'] = (_, { signal } = {}) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    const lease = await open({ ledger: calls({ report: hang }) })
    await lease.spend(of(1))
    expect(await lease.close({ timeoutMs: 100 })).toMatchObject({
      status: 'detached',
      unreported: 1,
      cause: { code: 'E_TIMEOUT' },
    })
    expect(await open()).toMatchObject({ id: lease.id, spent: 1 })
  })

  test('at the end of a scope', async () => {
    let id = ''
    {
      await using lease = await open()
      id = lease.id
      await lease.spend(of(1))
    }
    expect(await base.call('ledger_lease_get', { p_lease: id })).toMatchObject({ status: 'closed', reported: 1 })
  })
})
