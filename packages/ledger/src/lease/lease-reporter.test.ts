import { CoreError, silentLogger } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { expect, test, vi } from 'vitest'
import { microCredits } from '../credits.ts'
import type { GroupCommit } from './group-commit.ts'
import type { JournalNote } from './journal-note.ts'
import type { LeaseCalls, LeaseClosed, LeaseReported } from './lease-calls.ts'
import { createLeaseReporter } from './lease-reporter.ts'
import { LeaseTally } from './lease-tally.ts'
import { LeaseTime } from './lease-time.ts'

const answered = {
  tx: 1,
  replayed: false,
  settled: microCredits(0),
  held: microCredits(0),
  available: microCredits(0),
  budgets: [],
  lease: 'l',
  account: 'a',
  device: 'd',
  state: 'open' as const,
  amount: microCredits(1_000),
  reported: microCredits(0),
  rest: microCredits(0),
  seq: 1,
  expiresAt: new Date(3_600_000),
  returnsAt: new Date(90_000_000),
  at: new Date(0),
}

/** A reporter whose disk and database do what a test says. */
function setUp(changed: Partial<LeaseCalls> = {}) {
  const clock = createFakeClock()
  const tally = new LeaseTally(1_000)
  const log: string[] = []
  const syncs: (() => void)[] = []
  let isSlow = false
  const note = async (each: JournalNote) => void log.push(each.note)
  const commit: GroupCommit<unknown> = {
    spend: async (amount) => tally.spend(amount, 1),
    detail: async (amount, key, body) => tally.detail(amount, key, body),
    async cut(seq) {
      log.push(`cut ${seq}`)
      tally.cut(seq)
    },
    note,
    assertRoom: () => undefined,
    async flush() {
      if (isSlow) await new Promise<void>((resolve) => syncs.push(resolve))
    },
    failure: undefined,
    close: async () => undefined,
  }
  const calls: LeaseCalls = {
    open: () => Promise.reject(new Error('not here')),
    async report({ seq, items }): Promise<LeaseReported> {
      const sum = items.reduce((total, item) => total + item.amount, 0)
      log.push(`report ${seq}: ${sum}`)
      return {
        ...answered,
        seq,
        status: 'reported',
        charged: microCredits(sum),
        uncollected: microCredits(0),
        flags: [],
      }
    },
    async close(): Promise<LeaseClosed> {
      log.push('close')
      return { ...answered, status: 'closed', released: microCredits(1) }
    },
    async get() {
      log.push('get')
      return answered
    },
    ...changed,
  }
  const time = new LeaseTime({ clock, bootTime: { boot: 'b', uptimeMs: () => 0 }, marginMs: 0, expiresAt: 3_600_000 })
  time.anchor(0, time.read())
  const reporter = createLeaseReporter({
    lease: 'l',
    calls,
    tally,
    commit,
    time,
    clock,
    logger: silentLogger,
    reportEveryMs: 1_000,
    isStale: false,
    closingKey: undefined,
  })
  const call = { signal: new AbortController().signal, timeoutMs: 1_000 }
  return {
    reporter,
    tally,
    log,
    clock,
    call,
    slowDisk: () => {
      isSlow = true
    },
    sync: () => syncs.shift()?.(),
  }
}

test('a report is sent when its cut is on disk, not before', async () => {
  const { reporter, tally, log, call, slowDisk, sync } = setUp()
  tally.spend(7, 1)
  slowDisk()
  const reported = reporter.report(call)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(log).toEqual(['cut 1'])
  sync()
  await reported
  expect(log).toEqual(['cut 1', 'report 1: 7', 'acked', 'anchor'])
})

test('what is spent while a report is under way goes with the next', async () => {
  const { reporter, tally, log, call } = setUp()
  tally.spend(7, 1)
  const first = reporter.report(call)
  tally.spend(5, 1)
  await Promise.all([first, reporter.report(call)])
  expect(log.filter((line) => line.startsWith('report'))).toEqual(['report 1: 12'])
  tally.spend(3, 1)
  await reporter.report(call)
  expect(log.at(-3)).toBe('report 2: 3')
})

test('a report that failed is sent again under its number, with the same spends', async () => {
  let failures = 3
  const { reporter, tally, log, call } = setUp({
    async report({ seq, items }) {
      const [{ amount } = { amount: 0 }] = items
      log.push(`report ${seq}: ${amount}`)
      if (failures-- > 0) throw new CoreError('E_TIMEOUT', 'no answer')
      return { ...answered, status: 'reported', charged: microCredits(amount), uncollected: microCredits(0), flags: [] }
    },
  })
  for (const amount of [7, 5, 3]) {
    tally.spend(amount, 1)
    await expect(reporter.report(call)).rejects.toMatchObject({ code: 'E_TIMEOUT' })
  }
  await reporter.report(call)
  expect(log.filter((line) => line.startsWith('report'))).toEqual([
    ...Array.from({ length: 4 }, () => 'report 1: 7'),
    'report 2: 5',
    'report 3: 3',
  ])
})

test('the intention to close is on disk before the close is sent, and everything is reported before', async () => {
  const { reporter, tally, log, call } = setUp()
  tally.spend(7, 1)
  await reporter.end(call)
  expect(log).toEqual(['cut 1', 'report 1: 7', 'acked', 'anchor', 'closing', 'close', 'closed'])
  expect(reporter.ended).toEqual({ reported: 7, released: 1 })
  await reporter.end(call)
  expect(log).toHaveLength(7)
})

test('a failure that may pass is tried again, less and less often; one that cannot pass is the end', async () => {
  for (const [code, isFinal] of [
    ['E_DATABASE_UNAVAILABLE', false],
    ['E_FORBIDDEN', false],
    ['E_DATABASE_SCHEMA', false],
    ['E_NOT_FOUND', true],
    ['E_IDEMPOTENCY_MISMATCH', true],
  ] as const) {
    let tries = 0
    const { reporter, tally, clock } = setUp({
      report: () => {
        tries += 1
        return Promise.reject(new CoreError(code, 'no'))
      },
    })
    tally.spend(7, 1)
    reporter.start()
    for (let second = 0; second < 200; second++) await clock.advance(1_000)
    expect([code, reporter.refusal !== undefined]).toEqual([code, isFinal])
    // 200 s with pauses of 15 s on average, once they have grown.
    if (isFinal) expect(tries).toBe(1)
    else expect(tries > 5 && tries < 60, `${tries} tries`).toBe(true)
    await reporter.stop()
  }
})

test('a report that was accepted with other metadata counts as reported where the amounts agree', async () => {
  const mismatch = () => Promise.reject(new CoreError('E_IDEMPOTENCY_MISMATCH', 'other items'))
  const get = async () => ({ ...answered, seq: 2, reported: microCredits(12) })
  const { reporter, tally, log, call } = setUp({ report: mismatch, get })
  tally.spend(7, 1)
  tally.cut(1)
  tally.spend(5, 1)
  await reporter.report(call)
  expect(log).toEqual(['cut 2', 'acked', 'acked'])
  expect(tally).toMatchObject({ reported: 12, unreported: 0, ackedSeq: 2 })
  expect(reporter.refusal).toBeUndefined()
})

test.each([
  ['amounts differ', 1, 8],
  ['the database has none of them', 0, 0],
])('it is refused where %s', async (_, seq, reported) => {
  const mismatch = () => Promise.reject(new CoreError('E_IDEMPOTENCY_MISMATCH', 'other items'))
  const get = async () => ({ ...answered, seq, reported: microCredits(reported) })
  const { reporter, tally, call } = setUp({ report: mismatch, get })
  tally.spend(7, 1)
  await expect(reporter.report(call)).rejects.toMatchObject({ code: 'E_CONFLICT' })
  expect(tally.unreported).toBe(7)
})

test('stopping ends a call that hangs', async () => {
  const hanging = vi.fn<LeaseCalls['report']>(
    (_, { signal } = {}) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  )
  const { reporter, tally, clock } = setUp({ report: hanging })
  tally.spend(7, 1)
  reporter.start()
  await clock.advance(1_500)
  expect(hanging).toHaveBeenCalledOnce()
  await reporter.stop()
  expect(reporter.refusal).toBeUndefined()
})
