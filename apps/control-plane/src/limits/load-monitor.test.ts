import { expect, test } from 'vitest'
import { startLoadMonitor } from './load-monitor.ts'

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
  await expect.poll(() => monitor.isOverloaded(), { timeout: 10_000 }).toBe(false)
})
