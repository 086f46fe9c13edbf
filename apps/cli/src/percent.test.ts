import { expect, test } from 'vitest'
import { parsePercent } from './percent.ts'

test.each([
  ['80', 8000],
  ['99.5', 9950],
  ['0.01', 1],
  ['100', 10_000],
])('%s percent are %d basis points', (text, basisPoints) => {
  expect(parsePercent(text, 100)).toBe(basisPoints)
})

test.each(['', '-1', '100.01', '1.001', 'all', '1e2'])('%j is refused', (text) => {
  expect(() => parsePercent(text, 100)).toThrow('is not a percentage from 0 to 100')
})
