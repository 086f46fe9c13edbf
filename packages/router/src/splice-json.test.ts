import fc from 'fast-check'
import { expect, test } from 'vitest'
import { spliceJson } from './splice-json.ts'

test('what is not named keeps its bytes', () => {
  const text = '{ "seed": 12345678901234567890,\n "model" : "a\\"}" , "x":[{"model":"inner"}], "y": 1.0 }'
  expect(spliceJson(text, { model: 'b' })).toBe(
    '{ "seed": 12345678901234567890,\n "model" : "b" , "x":[{"model":"inner"}], "y": 1.0 }',
  )
  expect(spliceJson('{}', { model: 'b' })).toBe('{"model":"b"}')
  expect(spliceJson('{"a":1}', { b: { c: true } })).toBe('{"a":1,"b":{"c":true}}')
})

test('a name that is there twice, or written with escapes, is set everywhere', () => {
  expect(JSON.parse(spliceJson('{"model":"a","mod\\u0065l":"c"}', { model: 'b' }))).toEqual({ model: 'b' })
})

test('any object parses to itself with the members set', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), fc.boolean(), (object, value, isWide) => {
      const text = JSON.stringify(object, null, isWide ? 2 : 0)
      expect(JSON.parse(spliceJson(text, { model: value }))).toEqual(
        JSON.parse(JSON.stringify({ ...object, model: value })),
      )
    }),
    { numRuns: 300 },
  )
})
