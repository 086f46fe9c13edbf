import { systemClock } from '@core/foundation'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createEntryClock } from './entry-clock.ts'

let now = 0
let reads = 0

beforeEach(() => {
  now = 10_000
  reads = 0
  vi.spyOn(performance, 'now').mockImplementation(() => {
    reads++
    return now
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

test('a loop of hits reads the time once for many of them, and sees its end though no timer runs', () => {
  const clock = createEntryClock(systemClock)
  const until = now + 60_000
  let answers = 0
  while (clock.isBefore(until)) {
    answers++
    now += 0.1
  }
  expect(now - until).toBeLessThanOrEqual(100 * 0.1 + 0.1)
  // The last second is compared exactly.
  expect(reads).toBeLessThan(answers / 50 + 1_000 / 0.1 + 10)
})

test('what ends within a second is compared with the time itself', () => {
  const clock = createEntryClock(systemClock)
  expect(clock.isBefore(now + 60_000)).toBe(true)
  const until = now + 999
  expect(clock.isBefore(until)).toBe(true)
  now = until - 0.001
  expect(clock.isBefore(until)).toBe(true)
  now = until
  expect(clock.isBefore(until)).toBe(false)
})

test('a time that was read is used for a millisecond', async () => {
  const clock = createEntryClock(systemClock)
  expect(clock.isBefore(now + 60_000)).toBe(true)
  await new Promise((resolve) => setTimeout(resolve, 5))
  const before = reads
  now += 60_000
  expect(clock.isBefore(now)).toBe(false)
  expect(reads).toBe(before + 1)
})

test('timers that were replaced meanwhile end nothing, and cost a hundred answers at most', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const clock = createEntryClock(systemClock)
  expect(clock.isBefore(now + 60_000)).toBe(true)
  vi.useRealTimers() // the timer is lost
  now += 3_600_000
  const answers = Array.from({ length: 101 }, () => clock.isBefore(70_000))
  expect(answers.at(-1)).toBe(false)
  expect(clock.isBefore(70_000)).toBe(false)
})

test('a clock that was given is asked each time', () => {
  let asked = 0
  const clock = createEntryClock({ monotonic: () => ++asked })
  for (let at = 0; at < 10; at++) clock.isBefore(60_000)
  expect(asked).toBe(10)
})
