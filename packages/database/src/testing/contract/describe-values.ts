import { describe, expect, test } from 'vitest'
import type { Json } from '../../json.ts'
import type { ContractCase } from './contract-case.ts'

const MAX_SAFE = 9_007_199_254_740_991

/** Values reach the functions of a database and come back as they were. */
export function describeValues({ call }: ContractCase): void {
  describe('values', () => {
    test.each<[string, Json]>([
      ['a number', 12.5],
      ['true', true],
      ['false', false],
      ['an empty object', {}],
      ['an empty array', []],
      ['a nested value', { a: [1, { b: null, c: [[], {}] }], d: 'x', e: -0.25, f: false }],
      ['a text in an array', ['plain', `quotes ' " \\ and $1`, 'new\nline', '{"not": "parsed"}']],
      ['characters of every plane', { ключ: ['naïve', '漢字', '👩‍🚀', ' '] }],
      ['the greatest exact integer', { n: MAX_SAFE, m: -MAX_SAFE }],
    ])('%s goes into jsonb and comes back', async (_, value) => {
      expect(await call('contract_answer', { p_value: value })).toEqual(value)
    })

    test('null is null, and what is left out takes the default', async () => {
      expect(await call('contract_answer', { p_value: null })).toBeNull()
      expect(await call('contract_answer', { p_value: undefined })).toBeNull()
      expect(await call('contract_answer', {})).toBeNull()
    })

    test('scalars and arrays reach arguments of their types', async () => {
      const sent = {
        p_number: MAX_SAFE,
        p_fraction: 0.1,
        p_text: `it's "here" \\ $1`,
        p_texts: ['a', 'b,c', '"d"', '\\e', '', '{f}', 'null'],
        p_numbers: [1, -2, 3],
        p_flag: false,
      }
      expect(await call('contract_echo', sent)).toEqual({
        value: null,
        number: MAX_SAFE,
        fraction: 0.1,
        text: sent.p_text,
        texts: sent.p_texts,
        numbers: sent.p_numbers,
        flag: false,
      })
      expect(await call('contract_echo', { p_texts: [] })).toMatchObject({ texts: [] })
    })

    test('a megabyte goes and comes whole', async () => {
      const value = { text: 'x'.repeat(1_000_000) }
      expect(await call('contract_answer', { p_value: value })).toEqual(value)
    })
  })
}
