import { createFakeClock } from '@core/foundation/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRecentHistogram, recentWindowMs } from './recent-histogram.ts'

test('nothing recorded reads as nothing', () => {
  const empty = { count: 0, totalMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 }
  expect(createRecentHistogram().read()).toEqual(empty)
})

test('quantiles are within 3.2 % of the exact ones, whatever is recorded', () => {
  const duration = fc.double({ min: 0.016, max: 130_000, noNaN: true })
  fc.assert(
    fc.property(fc.array(duration, { minLength: 1, maxLength: 300 }), (durations) => {
      const histogram = createRecentHistogram()
      for (const ms of durations) histogram.record(ms)
      const figures = histogram.read()
      const sorted = durations.toSorted((left, right) => left - right)
      const exact = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
      expect(figures.count).toBe(durations.length)
      expect(figures.maxMs).toBe(sorted.at(-1))
      for (const [found, share] of [
        [figures.p50Ms, 0.5],
        [figures.p95Ms, 0.95],
        [figures.p99Ms, 0.99],
      ] as const) {
        // A microsecond for what lies below the finest bucket.
        expect(Math.abs(found - exact(share))).toBeLessThanOrEqual(exact(share) * 0.032 + 0.001)
      }
    }),
  )
})

test('the longest durations are counted and keep their maximum; negative ones count as none', () => {
  const histogram = createRecentHistogram()
  for (const ms of [-5, 3_600_000, Number.MAX_VALUE]) histogram.record(ms)
  expect(histogram.read()).toMatchObject({ count: 3, maxMs: Number.MAX_VALUE })
})

test('what is older than the window is forgotten, also after a long silence', async () => {
  const clock = createFakeClock()
  const histogram = createRecentHistogram(clock)
  histogram.record(100)
  await clock.advance(recentWindowMs - 60_000)
  histogram.record(1)
  expect(histogram.read()).toMatchObject({ count: 2, maxMs: 100 })
  await clock.advance(120_000)
  expect(histogram.read()).toMatchObject({ count: 1, maxMs: 1 })
  await clock.advance(10 * recentWindowMs)
  expect(histogram.read().count).toBe(0)
  histogram.record(7)
  expect(histogram.read()).toMatchObject({ count: 1, totalMs: 7, maxMs: 7 })
})
