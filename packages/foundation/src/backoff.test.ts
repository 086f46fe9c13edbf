import { expect, test } from 'vitest'
import { fullJitterMs } from './backoff.ts'

test('the upper bound of a pause doubles with each failure up to the cap, also after a year of failures', () => {
  const bound = (failures: number) => fullJitterMs(failures, { baseMs: 100, capMs: 1_500, random: () => 1 })
  expect([1, 2, 3, 4, 5, 6, 1_000_000].map(bound)).toEqual([100, 200, 400, 800, 1_500, 1_500, 1_500])
})

test('pauses are spread evenly from zero', () => {
  expect(fullJitterMs(3, { baseMs: 100, capMs: 1_500, random: () => 0 })).toBe(0)
  expect(fullJitterMs(3, { baseMs: 100, capMs: 1_500, random: () => 0.25 })).toBe(100)
})
