import { expect, test } from 'vitest'
import { toCamelCase } from './camel-case.ts'

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
