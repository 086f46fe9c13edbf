import { CoreError } from '@core/foundation'
import { expect, test } from 'vitest'
import { exitCodeOf } from './exit-code.ts'

test.each([
  [new CoreError('E_INVALID', ''), 2],
  [new CoreError('E_FORBIDDEN', ''), 3],
  [new CoreError('E_NOT_FOUND', ''), 4],
  [new CoreError('E_IDEMPOTENCY_MISMATCH', ''), 5],
  [new CoreError('E_CONFLICT', '', { details: { code: 'hold_closed' } }), 5],
  [new CoreError('E_CONFLICT', '', { details: { code: 'insufficient_credits' } }), 6],
  [new CoreError('E_CONFLICT', '', { details: { code: 'budget_exhausted' } }), 6],
  [new CoreError('E_RATE_LIMITED', ''), 6],
  [new CoreError('E_TIMEOUT', ''), 7],
  [new CoreError('E_DATABASE_UNAVAILABLE', ''), 7],
  [new CoreError('E_DATABASE_UNAVAILABLE', '', { retryable: false }), 2],
  [new TypeError('a fault of our own'), 1],
])('%o is exit code %d', (error, code) => {
  expect(exitCodeOf(error)).toBe(code)
})
