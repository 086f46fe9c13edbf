import { CoreError } from '@core/foundation'
import pg from 'pg'
import { type DatabaseFault, toDatabaseError } from '../database-error.ts'

/** A statement failed, or its connection was lost on the way. */
export function toStatementError(error: unknown): CoreError {
  return error instanceof CoreError
    ? error
    : (toPoolerError(error) ?? toDatabaseError('the database', toFault(error), error))
}

/** PgBouncer's own refusal, which comes as a violation of the protocol. */
function toPoolerError(error: unknown): CoreError | undefined {
  if (!(error instanceof pg.DatabaseError) || !error.message.includes('statement pooling mode')) return undefined
  return new CoreError('E_DATABASE_UNAVAILABLE', `the database: ${error.message}`, {
    cause: error,
    retryable: false,
    fix: 'Set pool_mode = transaction (or session) in PgBouncer for this database: to migrate takes transactions.',
    details: { sqlstate: error.code },
  })
}

/** A connection could not be made: nothing was sent, so sending again is safe for every call. */
export function toConnectionError(error: unknown): CoreError {
  const coded = toTlsError(error) ?? toStatementError(error)
  const isFull = hasNoConnectionLeft(error)
  if (coded.code !== 'E_DATABASE_UNAVAILABLE' && !isFull) return coded
  const fix = isFull ? fullFix : coded.fix
  return new CoreError('E_DATABASE_UNAVAILABLE', coded.message, {
    cause: error,
    retryable: coded.retryable || isFull,
    details: { ...coded.details, sent: false },
    ...(fix === undefined ? {} : { fix }),
  })
}

/** Postgres has no slot left, for the role, the database or at all; or PgBouncer or Supavisor takes no further client. */
export function hasNoConnectionLeft(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false
  return (
    error.code === '53300' || /no more connections allowed|max clients? (connections )?reached/i.test(error.message)
  )
}

const fullFix =
  'Give each program that shares the server a smaller pool (CORE_DATABASE_POOL_SIZE), raise max_connections, or connect through a pooler in transaction mode.'

/** The two ends do not agree on encryption, or the server's certificate is not trusted: a person has to decide. */
function toTlsError(error: unknown): CoreError | undefined {
  if (!(error instanceof Error)) return undefined
  const code = String(Reflect.get(error, 'code') ?? '')
  const fix = noTls.test(error.message)
    ? 'Turn TLS on in the server, or use sslmode=disable in the URL on a network that you trust.'
    : untrusted.test(code)
      ? 'Add sslrootcert=<file of the certificate authority> to the URL; sslmode=require encrypts and trusts every certificate.'
      : undefined
  if (fix === undefined) return undefined
  const message = `cannot connect to the database: ${error.message}`
  return new CoreError('E_DATABASE_UNAVAILABLE', message, { cause: error, retryable: false, fix, details: { code } })
}

const noTls = /server does not support SSL/i
const untrusted = /^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|CERT_|ERR_TLS_CERT_ALTNAME)/

/** pg throws DatabaseError (with a SQLSTATE), errors of Node (with an errno), and bare Errors for a lost connection. */
function toFault(error: unknown): DatabaseFault {
  if (error instanceof pg.DatabaseError) {
    return { code: error.code, message: error.message, detail: error.detail, hint: error.hint }
  }
  // Node tries every address of a host and reports them together.
  if (error instanceof AggregateError && error.errors.length > 0) return toFault(error.errors[0])
  if (!(error instanceof Error)) return { message: String(error) }
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code === 'string') return { code, message: error.message }
  return { code: lostConnection.test(error.message) ? '08006' : undefined, message: error.message }
}

const lostConnection =
  /connection terminated|connection ended|connection error|timeout exceeded when trying to connect|not queryable|client was closed/i
