import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findDuplicateName } from './duplicate-name.ts'

test.each([
  ['{"a":1,"a":2}', ['a']],
  ['{"a":1,"\\u0061":2}', ['a']],
  ['{"a":{"b":[1,{"c":1},{"d":"x","d":"y"}]}}', ['a', 'b', 2, 'd']],
  ['{"":1,"x":{"y":"\\\\","y":1}}', ['x', 'y']],
  ['[{"a":1},{"a":1,"b":{"a":1}}]', undefined],
  ['{"a":"\\"a\\":1,","b":"{\\"a\\":1,\\"a\\":2}"}', undefined],
  ['{"__proto__":1,"__proto__":2}', ['__proto__']],
  ['"a"', undefined],
])('%s', (text, path) => {
  JSON.parse(text)
  expect(findDuplicateName(text)).toEqual(path)
})

test('what JSON.stringify writes never has one, and a member written twice is found', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (value) => {
      const text = JSON.stringify(value, null, 1)
      expect(findDuplicateName(text)).toBeUndefined()
      const [name] = Object.keys(value)
      expect(findDuplicateName(`${text.slice(0, -1)},${JSON.stringify(name)}:0}`)).toEqual([name])
    }),
  )
})
