import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { credits, formatCredits, microCredits } from './credits.ts'

const refused = { code: 'E_INVALID', details: { reason: 'invalid_amount' } }
const thrown = (work: () => unknown) => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

describe('credits', () => {
  test.each<[number | string, number]>([
    [0, 0],
    [-0, 0],
    [1, 1_000_000],
    [2.5, 2_500_000],
    [1.1, 1_100_000], // 1.1 * 1e6 is 1100000.0000000002
    [0.1 + 0.2, 300_001], // 0.30000000000000004 is more than 0.3
    [0.000_001, 1],
    [0.000_000_1, 1], // 1e-7
    [1.000_000_1, 1_000_001],
    [5e-324, 1],
    [9_007_199_254, 9_007_199_254_000_000],
    ['2.5', 2_500_000],
    [' 2.5 ', 2_500_000],
    ['2.', 2_000_000],
    ['0.0000001', 1],
    ['9007199254.740991', Number.MAX_SAFE_INTEGER],
    ['1e3', 1_000_000_000],
    ['25e-1', 2_500_000],
    ['1e-500', 1],
    ['0e999', 0],
    [`0.${'0'.repeat(400)}1`, 1],
  ])('%s are %s micro-credits', (amount, micro) => {
    expect(credits(amount)).toBe(micro)
  })

  test.each([
    -1,
    -0.5,
    Number.NaN,
    Infinity,
    -Infinity,
    '',
    '-1',
    'ten',
    '1,5',
    '.5',
    '0x10',
    '1e',
    '1 2',
    '٣',
    '9007199254.740992',
    1e10,
    '1e400',
    '1e99999999',
  ])('%s are refused', (amount) => {
    expect(thrown(() => credits(amount))).toMatchObject(refused)
  })

  test('round up, once: never below the price, never a whole micro-credit above', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 9_000_000_000_000_000_000n }),
        fc.integer({ min: 0, max: 12 }),
        (digits, decimals) => {
          const text = digits.toString().padStart(decimals + 1, '0')
          const price = decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`
          const scale = 10n ** BigInt(decimals)
          const exact = digits * 1_000_000n
          fc.pre(exact <= BigInt(Number.MAX_SAFE_INTEGER) * scale)
          const micro = BigInt(credits(price)) * scale
          expect(micro >= exact && micro - exact < scale).toBe(true)
        },
      ),
    )
  })

  test('a whole number of micro-credits survives the way to credits and back', () => {
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (micro) => {
        const text = micro.toString().padStart(7, '0')
        expect(credits(`${text.slice(0, -6)}.${text.slice(-6)}`)).toBe(micro)
      }),
    )
  })
})

describe('microCredits', () => {
  test.each([0, 1, Number.MAX_SAFE_INTEGER])('%s is what it is', (amount) => {
    expect(microCredits(amount)).toBe(amount)
  })

  test.each([-1, 0.5, 2 ** 53, Number.NaN, Infinity])('%s is refused', (amount) => {
    expect(thrown(() => microCredits(amount))).toMatchObject(refused)
  })
})

describe('formatCredits', () => {
  test.each([
    [0, '0'],
    [1, '0.000001'],
    [-1, '-0.000001'],
    [2_500_000, '2.5'],
    [-1_000_000, '-1'],
    [Number.MAX_SAFE_INTEGER, '9007199254.740991'],
  ])('%s is %s', (micro, text) => expect(formatCredits(micro)).toBe(text))

  test('what it writes, credits reads', () => {
    fc.assert(fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (micro) => credits(formatCredits(micro)) === micro))
  })

  test.each([0.5, Number.NaN, 2 ** 53])('%s is refused', (amount) => {
    expect(thrown(() => formatCredits(amount))).toMatchObject(refused)
  })
})
