import { expect, test } from 'vitest'
import { stringifyExact } from './stringify-exact.ts'

test.each([Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53), 1e300])(
  '%d is refused with its place',
  (number) => {
    expect(() => stringifyExact('body', { list: [0, { deep: number }] })).toThrow(
      expect.objectContaining({ code: 'E_INVALID', details: expect.objectContaining({ place: 'body.list[1].deep' }) }),
    )
  },
)

test('everything else is as JSON.stringify has it', () => {
  const value = { a: null, b: undefined, c: 2 ** 53 - 1, d: '9007199254740993', e: [1.5e-7, 'null'], f: new Date(0) }
  expect(stringifyExact('body', value)).toBe(JSON.stringify(value))
})

test('what JSON has no form for is refused, with the field', () => {
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  for (const value of [10n, circular])
    expect(() => stringifyExact('body', { value })).toThrow(
      expect.objectContaining({ code: 'E_INVALID', message: expect.stringMatching(/^body cannot be written as JSON/) }),
    )
})
