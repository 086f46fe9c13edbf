import { isCoreError } from '@core/foundation'
import { describe, expect, test } from 'vitest'
import { encodeArgument } from './encode-argument.ts'
import type { JsonInput } from './json.ts'

describe('encodeArgument', () => {
  test.each<[string, JsonInput, string | null]>([
    ['text', 'plain', 'plain'],
    ['text', null, null],
    ['text', undefined, null],
    ['bigint', 9_007_199_254_740_991, '9007199254740991'],
    ['double precision', -0.5, '-0.5'],
    ['boolean', true, 'true'],
    ['jsonb', { a: [1, undefined, null], b: undefined }, '{"a":[1,null,null]}'],
    ['jsonb', 'text', '"text"'],
    ['jsonb', [1, 2], '[1,2]'],
    ['jsonb', null, null],
    ['integer[]', [1, 2], '{"1","2"}'],
    ['text[]', [], '{}'],
    ['text[]', ['a"b', 'c\\d', null, 'null', ''], '{"a\\"b","c\\\\d",NULL,"null",""}'],
    ['integer[]', [[1], [2]], '{{"1"},{"2"}}'],
    ['jsonb[]', [{ a: 1 }], '{"{\\"a\\":1}"}'],
  ])('%s %j', (type, value, text) => {
    expect(encodeArgument('p_x', type, value)).toBe(text)
  })

  test.each<[string, JsonInput]>([
    ['bigint', Number.NaN],
    ['bigint', Number.POSITIVE_INFINITY],
    ['text', { a: 1 }],
    ['text', ['a']],
  ])('%s refuses %j as E_INVALID naming the argument', (type, value) => {
    try {
      encodeArgument('p_x', type, value)
    } catch (error) {
      if (!isCoreError(error)) throw error
      expect(error).toMatchObject({ code: 'E_INVALID', details: { argument: 'p_x' } })
      return
    }
    throw new Error('it was accepted')
  })
})
