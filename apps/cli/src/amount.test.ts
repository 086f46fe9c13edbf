import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAmount, parseAmount } from './amount.ts'

describe('credits', () => {
  test.each([
    ['2.5', 2_500_000],
    ['0', 0],
    ['0.000001', 1],
    ['1', 1_000_000],
    ['007.10', 7_100_000],
    ['9007199254.740991', Number.MAX_SAFE_INTEGER],
    // As a float, 0.1 * 3 or 1.005 * 1e6 would be off by one somewhere.
    ['1.005', 1_005_000],
    ['4503599627.370497', 4_503_599_627_370_497],
  ])('%s credits are %d micro-credits', (text, micro) => {
    expect(parseAmount(text, 'credits')).toBe(micro)
  })

  test.each(['', ' ', '-1', '+1', '1e3', '1,5', '1_000', '.5', '5.', '0x10', 'NaN', 'Infinity', '1.0000001', '٣'])(
    '%j is refused',
    (text) => {
      expect(() => parseAmount(text, 'credits')).toThrow(expect.objectContaining({ code: 'E_INVALID' }))
    },
  )

  test('more than 2^53 - 1 micro-credits are refused in both units', () => {
    expect(() => parseAmount('9007199254.740992', 'credits')).toThrow('at most 9007199254.740991')
    expect(() => parseAmount('9007199254740992', 'micro')).toThrow('at most 9007199254740991')
  })

  test('what is printed can be typed back', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (micro) => parseAmount(formatAmount(micro, 'credits'), 'credits') === micro))
  })

  test.each([
    [2_500_000, '2.5'],
    [1_000_000_000, '1000'],
    [-1, '-0.000001'],
    [0, '0'],
  ])('%d micro-credits print as %s', (micro, text) => {
    expect(formatAmount(micro, 'credits')).toBe(text)
  })
})

describe('--micro', () => {
  test('whole numbers pass as they are', () => {
    expect(parseAmount('2500000', 'micro')).toBe(2_500_000)
    expect(formatAmount(2_500_000, 'micro')).toBe('2500000')
  })

  test.each(['2.5', '-1', '1e6', ''])('%j is refused', (text) => {
    expect(() => parseAmount(text, 'micro')).toThrow('with --micro a whole number')
  })
})
