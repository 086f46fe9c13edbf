import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findLoss } from './lost-text.ts'

test.each([
  ['{"a":1,"a":2}', ['a']],
  ['{"a":1,"\\u0061":2}', ['a']],
  ['{"a":{"b":[1,{"c":1},{"d":"x","d":"y"}]}}', ['a', 'b', 2, 'd']],
  ['{"":1,"x":{"y":"\\\\","y":1}}', ['x', 'y']],
  ['[{"a":1},{"a":1,"b":{"a":1}}]', undefined],
  ['{"a":"\\"a\\":1,","b":"{\\"a\\":1,\\"a\\":2}"}', undefined],
  ['{"__proto__":1,"__proto__":2}', ['__proto__']],
  ['"a"', undefined],
  ['[0,{"a":[1.5,9007199254740990.6]}]', [1, 'a', 1]],
  ['4503599627370497.5', []],
  ['{"a":-1.00000000000000000001,"b":1}', ['a']],
  ['{"a":1e-400}', ['a']],
  [`{"a":1${'0'.repeat(500)}1}`, ['a']],
  ['[9007199254740991.0,-9007199254740991,1.000000000000000000,100000000000000000000e-20,-0,0.000e9]', undefined],
  ['[1234567.8901234567890,0.1000000000000000055,12345678901234567890,1e400,1e3]', undefined],
  ['{"a":"9007199254740990.6","9007199254740990.6":1}', undefined],
])('%s', (text, path) => {
  JSON.parse(text)
  expect(findLoss(text)?.path).toEqual(path)
})

test('what JSON.stringify writes never has one, and a member written twice is found', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (value) => {
      const text = JSON.stringify(value, null, 1)
      expect(findLoss(text)).toBeUndefined()
      const [name] = Object.keys(value)
      expect(findLoss(`${text.slice(0, -1)},${JSON.stringify(name)}:0}`)?.path).toEqual([name])
    }),
  )
})
