import fc from 'fast-check'
import { expect, it } from 'vitest'
import { structuredCodec } from './codec.ts'

const { encode, decode } = structuredCodec

it('gives back every JSON value as it was, with NUL, half surrogate pairs and any name', () => {
  const text = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) })
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(text, fc.double({ noNaN: true }), fc.boolean(), fc.constant(null), tie('list'), tie('object')),
    list: fc.array(tie('value'), { maxLength: 4 }),
    object: fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  }))
  fc.assert(
    fc.property(value, (given) => {
      expect(decode(encode(given))).toEqual(given)
    }),
  )
})

it('gives back dates, maps, sets, big integers, undefined and bytes', () => {
  const value = {
    at: new Date(5),
    map: new Map([[1, new Set(['a'])]]),
    big: 2n ** 80n,
    nothing: undefined,
    nan: Number.NaN,
  }
  expect(decode(encode(value))).toEqual(value)
  expect(decode(encode(new Uint8Array([0, 255])))).toEqual(new Uint8Array([0, 255]))
})

it('refuses what it cannot keep, with its place', () => {
  expect(() => encode({ deep: [{ run: () => 1 }] })).toThrow(/cannot be cached.*deep/)
  expect(() => encode(JSON.parse('{"a":{"__proto__":1}}'))).toThrow('cannot be cached')
  expect(() => encode(Symbol('x'))).toThrow('cannot be cached')
})
