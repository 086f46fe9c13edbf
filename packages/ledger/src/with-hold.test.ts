import { CoreError } from '@core/foundation'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { microCredits as amount } from './credits.ts'
import type { HoldCalls } from './hold-calls.ts'
import { type LiveHold, withHold } from './with-hold.ts'

/** The beats of a hold: when they are sent, and that nothing sends them when the work is over. */

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const balance = {
  tx: 1,
  replayed: false,
  settled: amount(1_000),
  held: amount(0),
  available: amount(1_000),
  budgets: [],
}
const hold = 'h'
let beats: number
let answerBeat: () => ReturnType<HoldCalls['extend']>

/** A ledger that accepts everything, in no time. */
const ledger: HoldCalls = {
  reserve: async ({ amount: granted }) => ({ ...balance, status: 'reserved', hold, granted, expiresAt: new Date() }),
  extend: () => {
    beats++
    return answerBeat()
  },
  settle: async ({ amount: charged = amount(0) }) => ({
    ...{ ...balance, status: 'settled', hold, charged, released: amount(0), uncollected: amount(0), flags: [] },
  }),
  void: async () => ({ ...balance, status: 'voided', hold, released: amount(0) }),
}
const input = { account: 'a', max: amount(400), ttlSeconds: 30 }
const closed = async () => ({ status: 'hold_closed', hold, holdStatus: 'expired' }) as const
beforeEach(() => {
  beats = 0
  answerBeat = async () => ({
    ...{ ...balance, status: 'extended', hold, granted: amount(0), amount: amount(400), expiresAt: new Date() },
  })
})
/** Lets so many seconds pass. */
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000)

test('a hold is renewed at each third of its time, until the work is over', async () => {
  expect(await withHold(ledger, input, () => pass(95))).toMatchObject({ status: 'done' })
  expect(beats).toBe(9)
  await expect(withHold(ledger, input, () => pass(15).then(() => Promise.reject(new TypeError('no'))))).rejects.toThrow(
    'no',
  )
  await pass(100)
  expect(beats).toBe(10)
})

test('timers may be numbers, as those of browsers are', async () => {
  const timers = new Map<number, NodeJS.Timeout>()
  const { setInterval, clearInterval } = globalThis
  vi.stubGlobal('setInterval', (task: () => void, ms: number) => {
    timers.set(timers.size + 1, setInterval(task, ms))
    return timers.size
  })
  vi.stubGlobal('clearInterval', (timer: number) => clearInterval(timers.get(timer)))
  expect(await withHold(ledger, input, () => pass(25))).toMatchObject({ status: 'done' })
  expect(beats).toBe(2)
})

test('a hold that is lost is renewed no more, however long its work lasts', async () => {
  answerBeat = closed
  const outcome = await withHold(ledger, input, async ({ signal }) => {
    await pass(100)
    expect(signal.reason).toMatchObject({ code: 'E_CONFLICT', details: { reason: 'hold_closed' } })
  })
  expect(outcome).toMatchObject({ status: 'done' })
  expect(beats).toBe(1)
})

test('a signal that cannot be followed fails the run before anything is set aside', async () => {
  // As libraries for old browsers make them.
  const signal: AbortSignal = Object.create(null, { aborted: { value: false }, addEventListener: { value() {} } })
  const reserve = vi.fn(ledger.reserve)
  await expect(withHold({ ...ledger, reserve }, input, () => pass(1), { signal })).rejects.toThrow()
  await pass(100)
  expect([reserve.mock.calls.length, beats]).toEqual([0, 0])
})

test('a beat that finds its hold settled, because it was late, is no loss', async () => {
  let live: LiveHold | undefined
  const late = Promise.withResolvers<void>()
  answerBeat = () => late.promise.then(closed)
  const outcome = await withHold(ledger, input, async (begun) => {
    live = begun
    await pass(10)
  })
  expect(outcome).toMatchObject({ status: 'done' })
  late.resolve()
  await pass(100)
  expect([beats, live?.signal.aborted]).toEqual([1, false])
})

test('a settle that fails with anything leaves the work its value, and what to send later', async () => {
  const settle = () => Promise.reject(new TypeError('strange'))
  const metering = async (live: LiveHold) => {
    live.meter(amount(7))
    return 'value'
  }
  expect(await withHold({ ...ledger, settle }, { ...input, key: 'k' }, metering)).toMatchObject({
    status: 'unsettled',
    value: 'value',
    settle: { hold, amount: 7, key: `${hold}:settle` },
    error: { code: 'E_INTERNAL', cause: new TypeError('strange') },
  })
})

test('a settle that is sent again leaves no timer behind, and is not sent again when the hold has expired', async () => {
  const limits = vi.spyOn(AbortSignal, 'timeout')
  const away = new CoreError('E_DATABASE_UNAVAILABLE', 'away')
  const settle = vi.fn(() => Promise.reject(away))
  const running = withHold({ ...ledger, settle }, input, async () => 'value')
  await pass(33)
  expect(await running).toMatchObject({ status: 'unsettled', value: 'value', error: away })
  const sent = settle.mock.calls.length
  await pass(100)
  expect([limits.mock.calls.length, settle.mock.calls.length]).toEqual([0, sent])
  expect(sent).toBeGreaterThan(10)
})
