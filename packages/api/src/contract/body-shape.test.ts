import { expect, test } from 'vitest'
import { operations, shapes } from '../generated/operations.ts'
import type { RouteContract } from '../index.ts'
import { routes } from '../routes.ts'
import { fit } from './body-shape.ts'

const all: readonly RouteContract[] = routes
const examples = all.flatMap(({ operation, examples }) => examples.map((example) => [operation, example] as const))

test.each(examples)('the client keeps every field of the example of %s', (operation, { status, response }) => {
  expect(fit(response, operations[operation]?.answers[status] ?? 'null', shapes)).toEqual(response)
})

test('unknown members are dropped, except where the shape is open', () => {
  const shape = { members: { a: 'number', 'b?': { items: 'string' } } } as const
  expect(fit({ a: 1, c: 2 }, shape, {})).toEqual({ a: 1 })
  expect(fit({ a: 1, c: 2 }, { ...shape, isOpen: true }, {})).toEqual({ a: 1, c: 2 })
  expect(fit(JSON.parse('{"a":1,"__proto__":{"b":1}}'), { ...shape, isOpen: true }, {})).toEqual(
    JSON.parse('{"a":1,"__proto__":{"b":1}}'),
  )
})

test.each([
  [{ b: [] }, 'body.a is missing'],
  [{ a: '1' }, 'body.a is not a number'],
  [{ a: 1, b: ['x', null] }, 'body.b.1 is not a string'],
  [[], 'body is not an object'],
])('%j is refused with its place', (value, message) => {
  expect(() => fit(value, { members: { a: 'number', 'b?': { items: 'string' } } }, {})).toThrow(message)
})
