import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copyStorable, findUnstorable, formatPlace } from './storable.ts'

const nested = (levels: number): unknown => {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}
const circle: Record<string, unknown> = {}
circle['self'] = circle

test.each<[string, unknown, string]>([
  ['a NUL in a text', { note: 'a\0b' }, '.note'],
  ['a NUL in a name', { 'a\0b': 1 }, '["a\\u0000b"]'],
  ['half a surrogate pair', { tags: ['ok', { deep: '\ud83d' }] }, '.tags[1].deep'],
  ['half a surrogate pair in a name', { a: { '\ude00': 1 } }, '.a["�"]'],
  ['an integer that JSON numbers cannot distinguish from its neighbour', { id: 2 ** 53 }, '.id'],
  ['the same below zero', { id: -(2 ** 53) }, '.id'],
  ['a number that JSON.parse made infinite', JSON.parse('{"n":1e400}'), '.n'],
  ['NaN', [1, Number.NaN], '[1]'],
  ['undefined', { a: undefined }, '.a'],
  ['a hole in a list', new Array(1), '[0]'],
  ['a bigint', { n: 1n }, '.n'],
  ['a function', { toJSON: () => 1 }, '.toJSON'],
  ['a Date', { at: new Date(0) }, '.at'],
  ['a URL', { at: new URL('http://a.test') }, '.at'],
  ['a Map', { m: new Map() }, '.m'],
])('%s is found at its place', (_, value, place) => {
  const found = findUnstorable(value)
  expect(formatPlace('', found?.path ?? ['nothing found'])).toBe(place)
  expect(() => copyStorable('metadata', value)).toThrow(
    expect.objectContaining({
      code: 'E_INVALID',
      message: expect.stringContaining(`metadata${place} cannot be stored: `),
      details: { reason: 'unstorable', field: 'metadata', place: `metadata${place}` },
    }),
  )
})

test('what is nested too deep, or in itself, ends the walk at the bound', () => {
  expect(findUnstorable(nested(32))).toBeUndefined()
  expect(findUnstorable({ a: nested(32) })).toMatchObject({ path: [], isTooDeep: true })
  expect(findUnstorable(nested(5), { maxDepth: 4 })?.finding).toBe('it is nested more than 4 levels deep')
  expect(findUnstorable(nested(100_000))?.isTooDeep).toBe(true)
  expect(findUnstorable(circle)?.finding).toContain('32 levels')
})

test('a name of any length is cut in the place', () => {
  expect(findUnstorable({ ['x'.repeat(1_000_000)]: '\0' })?.path).toEqual(['x'.repeat(100)])
})

test('a copy has every name as a property of its own, and none of the original', () => {
  const text = '{"constructor":{"prototype":2},"__proto__":{"a":1},"toString":null,"list":[{"b":0,"__proto__":3}]}'
  const original = JSON.parse(text)
  const copy = copyStorable('metadata', original)
  original.constructor.prototype = 'changed'
  original.list.push(1)
  expect(JSON.stringify(copy)).toBe(text)
  expect(findUnstorable(original, { refusedName: '__proto__' })).toEqual({
    path: ['__proto__'],
    finding: 'the name __proto__ is not accepted',
    isTooDeep: false,
  })
})

test('a copy of any JSON value is that value', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6, stringUnit: 'grapheme' }), (text) => {
      const value: unknown = JSON.parse(text)
      if (findUnstorable(value) === undefined) {
        expect(JSON.stringify(copyStorable('value', value))).toBe(JSON.stringify(value))
      } else expect(text).toMatch(/\\u0000|\\u[dD]|[eE]\+?\d\d|\d{16}/)
    }),
  )
})

test('numbers can be left to another check', () => {
  expect(findUnstorable({ a: 2 ** 60, b: Number.POSITIVE_INFINITY }, { anyNumber: true })).toBeUndefined()
})

test('an object without a prototype is a plain one', () => {
  expect(copyStorable('metadata', Object.assign(Object.create(null), { a: 1 }))).toEqual({ a: 1 })
})
