import { expect, test } from 'vitest'
import { z } from 'zod'
import { queryInteger } from '../field.ts'
import { toFieldRows } from './field-row.ts'

const colour = z.enum(['red', 'blue']).describe('What it looks like')

test('a description, type and default are found behind what wraps them', () => {
  const rows = toFieldRows(
    z.strictObject({
      plain: colour,
      optional: colour.optional(),
      assumed: colour.default('red'),
      nullable: colour.nullable().optional(),
      limit: queryInteger(1, 9).default(3).describe('Rows'),
    }),
    'input',
  )
  expect(rows.map(({ description }) => description)).toEqual([...Array(4).fill('What it looks like'), 'Rows'])
  expect(rows.map((row) => row.default)).toEqual([undefined, undefined, '"red"', undefined, '3'])
  expect(rows.map(({ isRequired }) => isRequired)).toEqual([true, false, false, false, false])
  expect(rows[2]).toMatchObject({ type: 'string', allowed: ['"red"', '"blue"'] })
  expect(rows[4]).toMatchObject({ type: 'integer', allowed: ['1 to 9'] })
})

test('nested fields have paths, and those of a union say to which member they belong', () => {
  const operation = z.discriminatedUnion('op', [
    z.object({ op: z.literal('add'), amount: z.int() }),
    z.object({ op: z.literal('drop'), id: z.uuid() }),
  ])
  const rows = toFieldRows(z.object({ page: z.object({ next: z.string() }), ops: z.array(operation) }), 'input')
  expect(rows.map(({ name, variant }) => [name, variant])).toEqual([
    ['page', undefined],
    ['page.next', undefined],
    ['ops', undefined],
    ['ops[].op', 'op = "add"'],
    ['ops[].amount', 'op = "add"'],
    ['ops[].op', 'op = "drop"'],
    ['ops[].id', 'op = "drop"'],
  ])
})
