import type { Clock } from '@core/foundation'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Decision } from './limiter.ts'
import { cellMsOf, createSlidingWindow } from './sliding-window.ts'

interface FakeClock extends Clock {
  time: number
}

function fakeClock(time = 0): FakeClock {
  const clock: FakeClock = { time, now: () => clock.time, monotonic: () => clock.time, sleep: async () => undefined }
  return clock
}

/** A limiter whose answers come at once. */
function open(options: { limit: number; windowMs: number; maxKeys?: number; clock: Clock }) {
  const limiter = createSlidingWindow({ name: 'test', ...options })
  return {
    ...limiter,
    take(key: string): Decision {
      const decision = limiter.take(key)
      if (decision instanceof Promise) throw new Error('it should not have to ask anybody')
      return decision
    },
  }
}

/** Bursts, pauses below a cell, and pauses about a window: where limiters go wrong. */
const gapMs = (windowMs: number) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 4, arbitrary: fc.double({ min: 0, max: windowMs / 60, noNaN: true }) },
    { weight: 2, arbitrary: fc.double({ min: 0, max: windowMs / 4, noNaN: true }) },
    { weight: 1, arbitrary: fc.double({ min: windowMs * 0.95, max: windowMs * 1.1, noNaN: true }) },
  )

const arrivals = fc
  .record({ limit: fc.integer({ min: 1, max: 12 }), windowMs: fc.integer({ min: 61, max: 90_000 }) })
  .chain(({ limit, windowMs }) =>
    fc.record({
      limit: fc.constant(limit),
      windowMs: fc.constant(windowMs),
      startMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
      requests: fc.array(fc.record({ gapMs: gapMs(windowMs), key: fc.constantFrom('a', 'b', 'c') }), {
        minLength: 1,
        maxLength: 150,
      }),
    }),
  )

test('in no window pass more than the limit, and none is refused that fits a window and a cell', () => {
  fc.assert(
    fc.property(arrivals, ({ limit, windowMs, startMs, requests }) => {
      const clock = fakeClock(startMs)
      const limiter = open({ limit, windowMs, clock })
      const passed: Record<string, number[]> = { a: [], b: [], c: [] }
      const widest = cellMsOf(windowMs) * 61
      for (const { gapMs, key } of requests) {
        clock.time += gapMs
        const times = passed[key] ?? []
        const within = (ms: number) => times.filter((time) => time > clock.time - ms).length
        const decision = limiter.take(key)
        if (decision.isAllowed) {
          times.push(clock.time)
          // The window that ends now is the fullest that holds this request.
          expect(within(windowMs)).toBeLessThanOrEqual(limit)
        } else {
          expect(within(widest)).toBeGreaterThanOrEqual(limit)
        }
      }
    }),
    { numRuns: 1000 },
  )
})

test('also where more keys come than there are slots', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ gapMs: gapMs(6000), key: fc.integer({ min: 0, max: 12 }) }), { maxLength: 200 }),
      (requests) => {
        const clock = fakeClock(1e6)
        const limiter = open({ limit: 3, windowMs: 6000, maxKeys: 2, clock })
        const passed = new Map<number, number[]>()
        for (const { gapMs, key } of requests) {
          clock.time += gapMs
          const times = passed.get(key) ?? []
          passed.set(key, times)
          if (limiter.take(String(key)).isAllowed) times.push(clock.time)
          expect(times.filter((time) => time > clock.time - 6000).length).toBeLessThanOrEqual(3)
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('a client that waits for resetMs passes, and resetMs is not much longer than needed', () => {
  fc.assert(
    fc.property(arrivals, ({ limit, windowMs, startMs, requests }) => {
      const clock = fakeClock(startMs)
      const limiter = open({ limit, windowMs, clock })
      for (const { gapMs, key } of requests) {
        clock.time += gapMs
        const refused = limiter.take(key)
        if (refused.isAllowed) continue
        expect(limiter.refusal(key)).toEqual(refused)
        clock.time = Math.floor(clock.time) + refused.resetMs
        expect(limiter.refusal(key)).toBeUndefined()
        expect(limiter.take(key).isAllowed).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})

test('the seam of two fixed windows, where a limit of 100 lets 200 through', () => {
  const clock = fakeClock(59_990)
  const limiter = open({ limit: 100, windowMs: 60_000, clock })
  const burst = () => Array.from({ length: 150 }, () => limiter.take('key')).filter(({ isAllowed }) => isAllowed).length
  expect(burst()).toBe(100)
  clock.time += 20
  expect(burst()).toBe(0)
  clock.time = 59_990 + 61_000
  expect(burst()).toBe(100)
})

test('remaining counts down to nothing, one key does not touch another', () => {
  const clock = fakeClock(500)
  const limiter = open({ limit: 2, windowMs: 60_000, clock })
  expect(limiter.take('a')).toEqual({ isAllowed: true, remaining: 1, resetMs: 60_500 })
  expect(limiter.refusal('a')).toBeUndefined()
  clock.time = 10_000
  expect(limiter.take('a')).toEqual({ isAllowed: true, remaining: 0, resetMs: 51_000 })
  expect(limiter.take('a')).toEqual({ isAllowed: false, remaining: 0, resetMs: 51_000 })
  expect(limiter.take('b')).toMatchObject({ isAllowed: true, remaining: 1 })
})

test('slots of keys that went away are used again', () => {
  const clock = fakeClock(1000)
  const limiter = open({ limit: 1, windowMs: 60_000, maxKeys: 100, clock })
  for (let round = 0; round < 20; round++) {
    const passed = Array.from({ length: 100 }, (_, index) => limiter.take(`${round}-${index}`))
    expect(passed.every(({ isAllowed }) => isAllowed)).toBe(true)
    clock.time += 61_001
  }
})

test('a key that was counted with others takes its count along when it gets a slot', () => {
  const clock = fakeClock(1000)
  const limiter = open({ limit: 2, windowMs: 60_000, maxKeys: 2, clock })
  for (const key of ['a', 'b']) limiter.take(key)
  clock.time += 40_000
  const take = () => [1, 2, 3].map(() => limiter.take('c').isAllowed)
  expect(take()).toEqual([true, true, false])
  clock.time += 30_000 // a and b have become idle, c has not
  expect(take()).toEqual([false, false, false])
  clock.time += 31_000
  expect(take()).toEqual([true, true, false])
})
