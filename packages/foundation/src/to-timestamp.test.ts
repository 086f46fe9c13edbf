import { expect, test } from 'vitest'
import { toTimestamp } from './to-timestamp.ts'

test('a time has the offset that Postgres writes', () => {
  expect(toTimestamp(Date.UTC(2026, 10, 20, 9, 30))).toBe('2026-11-20T09:30:00.000+00:00')
})
