import { describe, expect, test } from 'vitest'
import { CoreError, type ErrorCode, errorCodes, isCoreError } from './errors.ts'

describe('a CoreError', () => {
  test.each(Object.keys(errorCodes) as ErrorCode[])('%s is retryable as its table says', (code) => {
    expect(new CoreError(code, 'message').retryable).toBe(errorCodes[code])
    expect(new CoreError(code, 'message', { retryable: true }).retryable).toBe(true)
    expect(new CoreError(code, 'message', { retryable: false }).retryable).toBe(false)
  })

  test('carries fix, details and cause', () => {
    const cause = new Error('socket')
    const error = new CoreError('E_TIMEOUT', 'too slow', { cause, fix: 'Wait.', details: { timeoutMs: 5 } })
    expect(error).toMatchObject({ name: 'CoreError', message: 'too slow', fix: 'Wait.', details: { timeoutMs: 5 } })
    expect(error.cause).toBe(cause)
    expect(error).toBeInstanceOf(Error)
  })

  test('has empty details and no cause unless given', () => {
    const error = new CoreError('E_INTERNAL', 'bug')
    expect(error.details).toEqual({})
    expect('cause' in error).toBe(false)
    expect(error.fix).toBeUndefined()
  })
})

test('isCoreError distinguishes coded errors from others, and codes from each other', () => {
  expect(isCoreError(new CoreError('E_CLOSED', 'closed'))).toBe(true)
  expect(isCoreError(new CoreError('E_CLOSED', 'closed'), 'E_CLOSED')).toBe(true)
  expect(isCoreError(new CoreError('E_CLOSED', 'closed'), 'E_TIMEOUT')).toBe(false)
  expect(isCoreError({ code: 'E_CLOSED' })).toBe(false)
  expect(isCoreError(undefined)).toBe(false)
})
