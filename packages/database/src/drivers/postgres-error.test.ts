import pg from 'pg'
import { expect, test } from 'vitest'
import { toConnectionError } from './postgres-error.ts'

function refusal(code: string, message: string) {
  return Object.assign(new pg.DatabaseError(message, message.length, 'error'), { code })
}

test.each([
  ['Postgres', '53300', 'sorry, too many clients already'],
  ['Postgres, of a role', '53300', 'too many connections for role "app"'],
  ['PgBouncer', '08P01', 'no more connections allowed (max_client_conn)'],
  ['Supavisor', 'XX000', 'Max client connections reached'],
  ['Supavisor, in session mode', 'XX000', 'MaxClientsInSessionMode: max clients reached - in Session mode'],
])('%s has no connection left: it may have one later, and nothing was sent', (_, code, message) => {
  expect(toConnectionError(refusal(code, message))).toMatchObject({
    code: 'E_DATABASE_UNAVAILABLE',
    retryable: true,
    details: { sqlstate: code, sent: false },
    fix: expect.stringContaining('CORE_DATABASE_POOL_SIZE'),
  })
})

test('a wrong password says what to check', () => {
  const error = toConnectionError(refusal('28P01', 'password authentication failed for user "app"'))
  expect(error).toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', retryable: false })
  expect(error.fix).toContain('connection string')
})
