import { expect, test } from 'vitest'
import { median, quantile } from './statistics.ts'

test('the median is the middle value, or the mean of the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([10, 1, 2, 9])).toBe(5.5)
  expect(median([])).toBeNaN()
})

test('a quantile is one of the values: the nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(quantile(hundred, 0.5)).toBe(50)
  expect(quantile(hundred, 0.99)).toBe(99)
  expect(quantile(hundred, 1)).toBe(100)
  expect(quantile([7], 0.01)).toBe(7)
  expect(quantile([], 0.5)).toBeNaN()
})
