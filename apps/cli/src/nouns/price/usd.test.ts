import { expect, test } from 'vitest'
import { formatUsd, parseUsd } from './usd.ts'

test.each([
  ['2.5', 2_500_000_000],
  ['0.000000001', 1],
  ['0', 0],
  ['600', 600_000_000_000],
])('%s USD are %i nano-USD, and back', (text, nano) => {
  expect(parseUsd(text)).toBe(nano)
  expect(formatUsd(nano)).toBe(text)
})

test.each(['', '-1', '1e3', '0.0000000001', '1,5', '1234567'])('%s is refused', (text) => {
  expect(() => parseUsd(text)).toThrow(expect.objectContaining({ code: 'E_INVALID' }))
})
