import { expect, test } from 'vitest'
import { z } from 'zod'
import { reserveHold } from '../ledger/routes/hold.ts'
import { toFaults } from './fault.ts'

function faultsOf(body: unknown) {
  const { error } = reserveHold.input.body.safeParse(body)
  return error ? toFaults('body', reserveHold.input.body, error) : []
}

test('an unknown field is named, with the field that was probably meant', () => {
  expect(faultsOf({ account: 'smart_layer', amount: 1, ttl_seconds: 5 })).toEqual([
    { location: 'body.ttl_seconds', message: 'unknown field', fix: 'Did you mean ttlSeconds?' },
  ])
  expect(faultsOf({ account: 'smart_layer', amount: 1, colour: 'red' })[0]?.fix).toBe(
    'Known are: account, amount, min, ttlSeconds, over, hold, metadata.',
  )
})

test('a missing field is called missing, and every fault is listed at once', () => {
  expect(faultsOf({ amount: 0.5, over: 'x' }).map(({ location, message }) => [location, message])).toEqual([
    ['body.account', 'missing'],
    ['body.amount', expect.stringContaining('int')],
    ['body.over', expect.stringContaining('overflow')],
  ])
})

test.each([0, -1, 1.5, 2 ** 53, Number.NaN, '1', null, [1], true])(
  'the amount %j is refused with what would be right',
  (amount) => {
    expect(faultsOf({ account: 'smart_layer', amount })[0]).toMatchObject({
      location: 'body.amount',
      fix: expect.stringContaining('9007199254740991'),
    })
  },
)

test('a body that is no object at all is a fault of the body', () => {
  for (const body of [undefined, null, [], 'x', 7]) expect(faultsOf(body)[0]?.location).toBe('body')
})

test('faults inside lists and nested objects keep their place', () => {
  const schema = z.strictObject({ list: z.array(z.strictObject({ amount: z.int().describe('A number') })) })
  const { error } = schema.safeParse({ list: [{ amount: 1 }, { amount: 'x', amuont: 2 }] })
  expect(error && toFaults('body', schema, error)).toEqual([
    { location: 'body.list.1.amount', message: expect.any(String), fix: 'A number.' },
    { location: 'body.list.1.amuont', message: 'unknown field', fix: 'Did you mean amount?' },
  ])
})

test('a long message is written once', () => {
  const names = Array.from({ length: 30 }, (_, index) => `option-${index}`)
  const schema = z.strictObject({ list: z.array(z.enum(names)) })
  const { error } = schema.safeParse({ list: ['x', 'option-1', 'y'] })
  expect(error && toFaults('body', schema, error)).toEqual([
    { location: 'body.list.0', message: expect.stringContaining('option-29') },
    { location: 'body.list.2', message: 'the same as body.list.0' },
  ])
})

test('metadata may be deep, but not deep enough to overflow a stack', () => {
  const nested = (levels: number) => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)
  expect(faultsOf({ account: 'smart_layer', amount: 1, metadata: nested(31) })).toEqual([])
  expect(faultsOf({ account: 'smart_layer', amount: 1, metadata: nested(5000) })[0]?.location).toBe('body.metadata')
})

test.each([
  ['a NUL', { a: ['x\0'] }, 'body.metadata.a.0'],
  ['half a surrogate pair', { b: { c: '\ud800' } }, 'body.metadata.b.c'],
  ['an integer that is not exact', { n: 2 ** 53 }, 'body.metadata.n'],
  ['a number that became infinite', JSON.parse('{"n":1e400}'), 'body.metadata.n'],
])('%s in metadata is refused at its place', (_, metadata, location) => {
  expect(faultsOf({ account: 'smart_layer', amount: 1, metadata })).toMatchObject([{ location }])
})

test('an unknown field that every object has from its prototype is unknown all the same', () => {
  expect(faultsOf({ account: 'smart_layer', amount: 1, constructor: 1 })[0]).toMatchObject({
    location: 'body.constructor',
    message: 'unknown field',
  })
})
