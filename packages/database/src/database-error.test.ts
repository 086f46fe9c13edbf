import { describe, expect, test } from 'vitest'
import { toDatabaseError } from './database-error.ts'

describe('toDatabaseError', () => {
  test.each([
    ['22P02', 'E_INVALID'],
    ['23505', 'E_CONFLICT'],
    ['23514', 'E_INVALID'],
    ['42501', 'E_FORBIDDEN'],
    ['42883', 'E_DATABASE_SCHEMA'],
    ['PGRST202', 'E_DATABASE_SCHEMA'],
    ['PGRST301', 'E_UNAUTHENTICATED'],
    ['PGRST003', 'E_DATABASE_UNAVAILABLE'],
    ['PGRST102', 'E_INVALID'],
    ['40001', 'E_DATABASE_BUSY'],
    ['40P01', 'E_DATABASE_BUSY'],
    ['55P03', 'E_DATABASE_BUSY'],
    ['57014', 'E_TIMEOUT'],
    ['57P01', 'E_DATABASE_UNAVAILABLE'],
    ['08006', 'E_DATABASE_UNAVAILABLE'],
    ['53300', 'E_DATABASE_UNAVAILABLE'],
    ['25006', 'E_DATABASE_UNAVAILABLE'],
    ['ECONNREFUSED', 'E_DATABASE_UNAVAILABLE'],
    ['54001', 'E_TOO_LARGE'],
    ['PT418', 'E_INVALID'],
    ['XX000', 'E_INTERNAL'],
    [undefined, 'E_INTERNAL'],
  ])('%s is %s', (sqlstate, code) => {
    const error = toDatabaseError('the call', { code: sqlstate, message: 'said the server' })
    expect(error).toMatchObject({ code, message: 'the call: said the server' })
  })

  test('wrong credentials are not worth another try', () => {
    const error = toDatabaseError('the call', { code: '28P01', message: 'password authentication failed' })
    expect(error).toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', retryable: false })
    expect(error.fix).toContain('connection string')
  })

  test('a detail that is prose, or JSON without a code, is not taken for a refusal', () => {
    for (const detail of ['Key (id)=(1) already exists.', '{"id": 1}', '{torn', '[]']) {
      const error = toDatabaseError('the call', { code: '23505', message: 'duplicate', detail })
      expect(error).toMatchObject({ code: 'E_CONFLICT', details: { sqlstate: '23505' } })
    }
  })
})
