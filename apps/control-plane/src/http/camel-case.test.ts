import { expect, test } from 'vitest'
import { camel, toCamelCase } from './camel-case.ts'

test('keys change at every depth; what callers stored does not', () => {
  expect(
    toCamelCase({
      period_start: 'a_b',
      budgets: [{ resets_at: null }],
      metadata: { their_key: { deep_key: 1 } },
      value: { flag_part: true },
    }),
  ).toEqual({
    periodStart: 'a_b',
    budgets: [{ resetsAt: null }],
    metadata: { their_key: { deep_key: 1 } },
    value: { flag_part: true },
  })
})

test('a name that is not of the database stays as it is, a property like any other', () => {
  const answer = toCamelCase(JSON.parse('{"__proto__":{"a_b":1},"_private":2,"a__b":3,"b_2_c":4}'))
  expect(JSON.stringify(answer)).toBe('{"__proto__":{"aB":1},"_private":2,"a__b":3,"b_2C":4}')
  expect(camel('ttl_s')).toBe('ttlS')
})
