import { afterEach, expect, test, vi } from 'vitest'
import { startLoadMonitor } from './load-monitor.ts'

afterEach(() => vi.useRealTimers())

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

test('a loop that is kept busy shows, and is over when it is', async () => {
  using monitor = startLoadMonitor({ maxLoopDelayMs: 100 })
  expect(monitor.isOverloaded()).toBe(false)
  for (let index = 0; index < 10 && !monitor.isOverloaded(); index++) {
    block(300)
    await pause(1)
  }
  expect(monitor.isOverloaded()).toBe(true)
  expect(monitor.loopDelayMs()).toBeGreaterThan(100)
  await expect.poll(() => monitor.isOverloaded(), { timeout: 30_000 }).toBe(false)
})

test('one long pause is no overload, and a loop that is late most times is', () => {
  vi.useFakeTimers()
  let now = 0
  using monitor = startLoadMonitor({ maxLoopDelayMs: 100, clock: { monotonic: () => now } })
  const measure = (lateMs: number) => {
    now += 100 + lateMs
    vi.advanceTimersByTime(100)
    return monitor.isOverloaded()
  }
  expect([0, 0, 0, 0, 0, 8_000, 0, 0, 0, 0].map(measure)).not.toContain(true)
  expect([200, 200, 0, 200].map(measure)).toEqual([false, false, false, true])
})
