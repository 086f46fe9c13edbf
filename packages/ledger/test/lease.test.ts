import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMemoryDatabase } from '@core/database/testing'
import { CoreError, type Logger, silentLogger } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
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

let base: LeaseDatabase
let ledger: Ledger
let folder: string
let file: string
let account: string
let accounts = 0
const opened: Lease[] = []

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

const of = microCredits
const input = (more: Partial<OpenLeaseInput> = {}): OpenLeaseInput => ({
  ledger,
  account,
  amount: of(1_000),
  file,
  ttlSeconds: 3_600,
  reportEveryMs: 600_000,
  ...more,
})
async function open(more: Partial<OpenLeaseInput> = {}): Promise<Lease> {
  const lease = await openLease(input(more))
  if (lease.status !== 'leased') throw new Error(`denied: ${lease.status}`)
  opened.push(lease)
  return lease
}
const balance = () => base.call('ledger_balance', { p_account: account })
const facts = (lease: Lease) => base.call('ledger_lease_get', { p_lease: lease.id })
const away = new CoreError('E_DATABASE_UNAVAILABLE', 'nobody answers')
/** The calls of the ledger, some of them replaced. */
const calls = (changed: Partial<LeaseCalls>) => ({ leases: { ...ledger.leases, ...changed } })
const isAway = {
  open: () => Promise.reject(away),
  report: () => Promise.reject(away),
  close: () => Promise.reject(away),
  get: () => Promise.reject(away),
}

describe('spending', () => {
  test('takes from the lease, reports, and gives the rest back at the end', async () => {
    const lease = await open({ device: 'laptop' })
    expect(lease).toMatchObject({ account, amount: 1_000, remaining: 1_000, spent: 0, state: 'open', resumed: false })
    expect(await balance()).toMatchObject({ held: 1_000, available: 9_000 })
    expect(await lease.spend(of(300))).toEqual({ status: 'spent', replayed: false })
    expect(await lease.spend(of(50), { key: 'job-1', metadata: { model: 'small', tokens: 12 } })).toMatchObject({
      status: 'spent',
    })
    expect(lease).toMatchObject({ remaining: 650, spent: 350, unreported: 350 })
    await lease.report()
    expect(lease.unreported).toBe(0)
    expect(await facts(lease)).toMatchObject({ reported: 350, seq: 1, rest: 650, device: 'laptop' })
    expect(await lease.close()).toEqual({ status: 'closed', reported: 350, released: 650 })
    expect(await balance()).toMatchObject({ settled: 9_650, held: 0, available: 9_650 })
    expect(await readdir(join(folder, 'spends'))).toEqual([])
    const [row] = await base.sql(
      `select request -> 'items' as items from core.ledger_tx where hold = $1 and op = 'lease_report'`,
      [lease.id],
    )
    expect(row?.['items']).toMatchObject([
      { key: 'job-1', amount: 50, metadata: { model: 'small', tokens: 12 } },
      { amount: 300, metadata: { spends: 1 } },
    ])
  })

  test('never takes more than the lease has, whoever asks at the same time', async () => {
    const lease = await open()
    const outcomes = await Promise.all(Array.from({ length: 400 }, () => lease.spend(of(7))))
    expect(outcomes.filter(({ status }) => status === 'spent')).toHaveLength(142)
    expect(outcomes.at(-1)).toEqual({ status: 'lease_exhausted', requested: 7, remaining: 6 })
    expect(await lease.spend(of(6))).toMatchObject({ status: 'spent' })
    expect(lease.remaining).toBe(0)
    expect(lease.spendBuffered(of(1))).toMatchObject({ status: 'lease_exhausted' })
    await lease.close()
    expect(await facts(lease)).toMatchObject({ reported: 1_000, flags: [] })
  })

  test('buffered is on disk after a flush', async () => {
    const lease = await open()
    const before = (await stat(file)).size
    expect(lease.spendBuffered(of(10))).toEqual({ status: 'spent', replayed: false })
    await lease.flush()
    expect((await stat(file)).size).toBeGreaterThan(before)
  })

  test('with a key counts once, also after it was reported and the process began anew', async () => {
    const lease = await open()
    expect(await lease.spend(of(10), { key: 'k' })).toEqual({ status: 'spent', replayed: false })
    expect(await lease.spend(of(10), { key: 'k' })).toEqual({ status: 'spent', replayed: true })
    expect(lease.spendBuffered(of(10), { key: 'k' })).toEqual({ status: 'spent', replayed: true })
    await expect(lease.spend(of(11), { key: 'k' })).rejects.toMatchObject({ code: 'E_IDEMPOTENCY_MISMATCH' })
    await lease.report()
    await lease.detach()
    const again = await open()
    expect(await again.spend(of(10), { key: 'k' })).toEqual({ status: 'spent', replayed: true })
    expect(again).toMatchObject({ resumed: true, id: lease.id, spent: 10 })
  })

  test.each([
    ['nothing', 0, undefined],
    ['less than nothing', -1, undefined],
    ['a fraction', 1.5, undefined],
    ['not a number', Number.NaN, undefined],
    ['with an empty key', 1, { key: '' }],
    ['with a key Postgres cannot store', 1, { key: 'a\0b' }],
    ['with half a character', 1, { metadata: { note: '\ud800' } }],
    ['with a number JSON does not have', 1, { metadata: { note: Number.POSITIVE_INFINITY } }],
  ])('%s is refused and changes nothing', async (_, amount, spendFacts) => {
    const lease = await open()
    const wrong = { code: 'E_INVALID' }
    await expect(lease.spend(amount as ReturnType<typeof of>, spendFacts)).rejects.toMatchObject(wrong)
    expect(lease.remaining).toBe(1_000)
  })

  test('with too much metadata is refused', async () => {
    const lease = await open({ maxJournalBytes: 40_000 })
    await expect(lease.spend(of(1), { metadata: { note: 'x'.repeat(20_000) } })).rejects.toMatchObject({
      code: 'E_TOO_LARGE',
    })
    const note = 'x'.repeat(15_000)
    await lease.spend(of(1), { metadata: { note } })
    await lease.spend(of(1), { metadata: { note } })
    await expect(lease.spend(of(1), { metadata: { note } })).rejects.toMatchObject({
      code: 'E_LEASE_JOURNAL',
      details: { reason: 'journal_full' },
    })
    await lease.report()
    expect(await lease.spend(of(1), { metadata: { note } })).toMatchObject({ status: 'spent' })
    expect(lease.spent).toBe(3)
  })

  test('that was aborted before it began spends nothing', async () => {
    const lease = await open()
    const options = { signal: AbortSignal.abort(new CoreError('E_ABORTED', 'no')) }
    await expect(lease.spend(of(5), {}, options)).rejects.toMatchObject({ code: 'E_ABORTED' })
    expect(lease.spent).toBe(0)
    expect(await lease.spend(of(5), {}, { timeoutMs: 5_000 })).toMatchObject({ status: 'spent' })
  })

  test('more than a report holds goes out in several, in order', async () => {
    const lease = await open()
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => lease.spend(of(1), n < 999 ? { key: `k${n}` } : {})))
    await lease.report()
    expect(await facts(lease)).toMatchObject({ reported: 1_000, seq: 2 })
    const rows = await base.sql(
      `select jsonb_array_length(request -> 'items') as items from core.ledger_tx where hold = $1 and op = 'lease_report' order by id`,
      [lease.id],
    )
    expect(rows).toEqual([{ items: 999 }, { items: 1 }])
  })

  test('large metadata goes out in several reports, too', async () => {
    const lease = await open()
    const note = 'é'.repeat(7_000)
    await Promise.all(Array.from({ length: 60 }, () => lease.spend(of(1), { metadata: { note } })))
    await lease.report()
    expect(await facts(lease)).toMatchObject({ reported: 60, seq: 4 })
  })
})

test('on an embedded database is the same', async () => {
  await using database = await openMemoryDatabase()
  const embedded = createLedger({ database })
  await database.rpc('ledger_account_open', { p_key: 'open', p_account: 'solo' })
  await embedded.grant({ account: 'solo', amount: of(10_000) })
  const lease = await open({ ledger: embedded, account: 'solo' })
  await lease.spend(of(100), { key: 'k', metadata: { note: 'ü' } })
  await lease.report()
  await lease.spend(of(1))
  expect(await lease.close()).toEqual({ status: 'closed', reported: 101, released: 899 })
  expect(await database.rpc('ledger_audit', {})).toMatchObject({ clean: true })
})

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

describe('reporting', () => {
  test('goes on in the background', async () => {
    const lease = await open({ reportEveryMs: 20 })
    await lease.spend(of(100))
    await vi.waitFor(async () => expect(await facts(lease)).toMatchObject({ reported: 100 }), 3_000)
    await lease.spend(of(50))
    await vi.waitFor(() => expect(lease.unreported).toBe(0), 3_000)
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
    }, 10_000)
    expect(warnings).toEqual(['a credit lease could not report; trying again'])
    await expect(lease.report()).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
    expect(lease).toMatchObject({ state: 'open', fault: undefined, unreported: 100 })
    isUp = true
    await vi.waitFor(async () => {
      await clock.advance(1_000)
      expect(lease.unreported).toBe(0)
    }, 5_000)
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

  test('a lease closed by somebody else is refused, keeps its journal, and stops', async () => {
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

  test('a lease closed by somebody else after everything was reported makes room for a new one', async () => {
    const lease = await open({ reportEveryMs: 20 })
    await lease.spend(of(100))
    await lease.report()
    await lease.detach()
    await base.call('ledger_lease_close', { p_key: `operator ${account}`, p_lease: lease.id })
    const stale = await open({ reportEveryMs: 20 })
    await vi.waitFor(() => expect(stale.state).toBe('expired'), 3_000)
    expect(await stale.spend(of(1))).toMatchObject({ status: 'lease_expired' })
    expect(await stale.close()).toEqual({ status: 'closed', reported: 100, released: 0 })
    expect(await open()).toMatchObject({ resumed: false, remaining: 1_000 })
  })

  test('what an earlier process left is reported at once', async () => {
    const lease = await open()
    await lease.spend(of(100))
    await lease.detach()
    const again = await open()
    await vi.waitFor(() => expect(again.unreported).toBe(0), 3_000)
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
    }, 5_000)
    expect(await balance()).toMatchObject({ settled: 9_800, held: 0 })
    expect(await lease.close()).toEqual({ status: 'closed', reported: 200, released: 800 })
  })

  test('a wall clock set ahead stops spending until the database has told the time', async () => {
    const clock = createFakeClock()
    const lease = await open({ clock, reportEveryMs: 1_000 })
    clock.setNow(clock.now() + 100 * 3_600_000)
    expect(await lease.spend(of(1))).toMatchObject({ status: 'lease_expired' })
    await vi.waitFor(async () => {
      await clock.advance(1_000)
      expect(lease.state).toBe('open')
    }, 5_000)
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

  test('without clocks to trust nothing is spent until the database has told the time', async () => {
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

describe('a journal', () => {
  test('torn at its end loses only what nobody was told of', async () => {
    const lease = await open()
    await lease.spend(of(100))
    await lease.detach()
    const bytes = await readFile(file)
    await writeFile(file, Buffer.concat([bytes, bytes.subarray(0, 50)]))
    const again = await open()
    expect(again).toMatchObject({ id: lease.id, spent: 100, remaining: 900 })
    await again.spend(of(1))
    await again.detach()
    expect(await (await open()).close()).toMatchObject({ reported: 101 })
  })

  test('damaged in its middle is an error that says where, and stays as it is', async () => {
    const lease = await open()
    for (let n = 0; n < 5; n++) await lease.spend(of(10))
    await lease.detach()
    const bytes = await readFile(file)
    bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200)
    await writeFile(file, bytes)
    await expect(openLease(input())).rejects.toMatchObject({
      code: 'E_LEASE_JOURNAL',
      retryable: false,
      fix: expect.stringContaining('move it aside'),
      details: { reason: 'journal_corrupt', file, offset: expect.any(Number) },
    })
    expect(await readFile(file)).toEqual(bytes)
    bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200)
    await writeFile(file, bytes)
    expect(await (await open()).close()).toMatchObject({ reported: 50 })
  })

  test('that is some other file is not touched', async () => {
    const other = join(folder, 'package.json')
    await writeFile(other, '{"name": "mine"}')
    await expect(openLease(input({ file: other }))).rejects.toMatchObject({ code: 'E_LEASE_JOURNAL' })
    expect(await readFile(other, 'utf8')).toBe('{"name": "mine"}')
    expect((await readdir(folder)).toSorted()).toEqual(['package.json'])
  })

  test.each([
    ['below a file', () => join(folder, 'plain', 'a.journal'), 'EEXIST'],
    ['that is a folder', () => folder, ''],
  ])('%s is a clear error', async (_, place) => {
    await writeFile(join(folder, 'plain'), '')
    await expect(openLease(input({ file: place() }))).rejects.toMatchObject({
      code: 'E_LEASE_JOURNAL',
      details: { file: place() },
    })
    expect(await balance()).toMatchObject({ held: 0 })
  })
})
