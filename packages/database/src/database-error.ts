import { CoreError, type ErrorCode } from '@core/foundation'

/** What every driver knows of a failed statement; named as in the Postgres protocol. */
export interface DatabaseFault {
  /** SQLSTATE, a PostgREST code (PGRST202) or an errno of Node (ECONNREFUSED). */
  code?: string | undefined
  message: string
  detail?: string | null | undefined
  hint?: string | null | undefined
}

/** Failures that Postgres reports by SQLSTATE: exact codes first, then classes (the first two characters). */
const bySqlstate: Readonly<Record<string, ErrorCode>> = {
  PT400: 'E_INVALID',
  PT401: 'E_UNAUTHENTICATED',
  PT403: 'E_FORBIDDEN',
  PT404: 'E_NOT_FOUND',
  PT409: 'E_CONFLICT',
  PT412: 'E_PRECONDITION_FAILED',
  PT413: 'E_TOO_LARGE',
  PT422: 'E_IDEMPOTENCY_MISMATCH',
  PT429: 'E_RATE_LIMITED',
  '25006': 'E_DATABASE_UNAVAILABLE', // a read-only standby after a failover
  '40001': 'E_DATABASE_BUSY',
  '40P01': 'E_DATABASE_BUSY',
  '55P03': 'E_DATABASE_BUSY',
  '42501': 'E_FORBIDDEN',
  '42883': 'E_DATABASE_SCHEMA',
  '42P01': 'E_DATABASE_SCHEMA',
  '42703': 'E_DATABASE_SCHEMA',
  '3F000': 'E_DATABASE_SCHEMA',
  '23502': 'E_INVALID',
  '23514': 'E_INVALID',
  '57014': 'E_TIMEOUT',
  '22': 'E_INVALID',
  '23': 'E_CONFLICT',
  '08': 'E_DATABASE_UNAVAILABLE',
  '53': 'E_DATABASE_UNAVAILABLE',
  '54': 'E_TOO_LARGE',
  '57': 'E_DATABASE_UNAVAILABLE', // the server, the session or the database was ended
  PGRST002: 'E_DATABASE_UNAVAILABLE',
  PGRST106: 'E_DATABASE_SCHEMA',
  PGRST202: 'E_DATABASE_SCHEMA',
  PGRST203: 'E_DATABASE_SCHEMA',
  PGRST0: 'E_DATABASE_UNAVAILABLE',
  PGRST1: 'E_INVALID',
  PGRST3: 'E_UNAUTHENTICATED',
}

/** The credentials or the database's name are wrong: the server is reachable, and a retry does not help. */
const misconfigured = new Set(['28P01', '28000', '3D000'])

const connectionErrnos = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT', // the unix socket is gone
])

const defaultFixes: Partial<Record<ErrorCode, string>> = {
  E_DATABASE_SCHEMA:
    'Run `core migrate status`: where migrations are pending, `core migrate up`; where the database is newer, upgrade this Core.',
  E_DATABASE_UNAVAILABLE: 'Check that the database runs and that its address is right.',
}

/**
 * Converts what a driver threw while it ran `what` to a coded error. The same fault gives the same error on every
 * driver.
 */
export function toDatabaseError(what: string, fault: DatabaseFault, cause: unknown = fault): CoreError {
  const sqlstate = fault.code ?? ''
  const facts = refusalFacts(fault.detail)
  if (facts) {
    const options = { cause, details: facts, ...(fault.hint ? { fix: fault.hint } : {}) }
    return new CoreError(codeOf(sqlstate) ?? 'E_INVALID', fault.message, options)
  }
  if (misconfigured.has(sqlstate)) {
    return new CoreError('E_DATABASE_UNAVAILABLE', `cannot connect to the database: ${fault.message}`, {
      cause,
      retryable: false,
      fix: 'Check the user, the password and the database name in the connection string.',
      details: { sqlstate },
    })
  }
  const code = codeOf(sqlstate) ?? 'E_INTERNAL'
  const fix = fault.hint || defaultFixes[code]
  return new CoreError(code, `${what}: ${fault.message}`, { cause, details: { sqlstate }, ...(fix ? { fix } : {}) })
}

function codeOf(sqlstate: string): ErrorCode | undefined {
  if (connectionErrnos.has(sqlstate)) return 'E_DATABASE_UNAVAILABLE'
  return (
    bySqlstate[sqlstate] ??
    bySqlstate[sqlstate.slice(0, sqlstate.startsWith('PGRST') ? 6 : 2)] ??
    (/^PT4\d\d$/.test(sqlstate) ? 'E_INVALID' : undefined)
  )
}

/** `core.refuse` puts `{"code": ..., ...facts}` into the DETAIL; any other DETAIL is plain text. */
function refusalFacts(detail: string | null | undefined): Record<string, unknown> | undefined {
  if (!detail?.startsWith('{')) return undefined
  try {
    const { code, ...facts }: Record<string, unknown> = JSON.parse(detail)
    return typeof code === 'string' ? { reason: code, ...facts } : undefined
  } catch {
    return undefined
  }
}
