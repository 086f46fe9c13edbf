import { type ErrorCode, isCoreError } from '@core/foundation'

/** What scripts may rely on. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  auth: 3,
  notFound: 4,
  conflict: 5,
  /** Credits, budgets and rate limits. */
  limit: 6,
  unavailable: 7,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

const byErrorCode: Readonly<Record<ErrorCode, ExitCode>> = {
  E_INVALID: exitCodes.usage,
  E_UNAUTHENTICATED: exitCodes.auth,
  E_FORBIDDEN: exitCodes.auth,
  E_NOT_FOUND: exitCodes.notFound,
  E_CONFLICT: exitCodes.conflict,
  E_PRECONDITION_FAILED: exitCodes.conflict,
  E_TOO_LARGE: exitCodes.usage,
  E_IDEMPOTENCY_MISMATCH: exitCodes.conflict,
  E_RATE_LIMITED: exitCodes.limit,
  E_TIMEOUT: exitCodes.unavailable,
  E_ABORTED: exitCodes.failure,
  E_DATABASE_UNAVAILABLE: exitCodes.unavailable,
  E_DATABASE_BUSY: exitCodes.unavailable,
  E_DATABASE_SCHEMA: exitCodes.usage, // a person has to upgrade or restore
  E_ISSUER_UNAVAILABLE: exitCodes.unavailable,
  E_DATABASE_LOCKED: exitCodes.conflict,
  E_LEASE_JOURNAL: exitCodes.failure,
  E_LEASE_LOCKED: exitCodes.conflict,
  E_LOAD_FAILED: exitCodes.unavailable,
  E_PROVIDER: exitCodes.unavailable,
  E_CONFIG_INVALID: exitCodes.usage,
  E_CLOSED: exitCodes.unavailable,
  E_INTERNAL: exitCodes.failure,
}

/** Denials of the ledger are conflicts to a program, and a class of their own to a script: top up, then try again. */
const deniedForCredits: readonly unknown[] = ['insufficient_credits', 'budget_exhausted']

export function exitCodeOf(error: unknown): ExitCode {
  if (!isCoreError(error)) return exitCodes.failure
  if (deniedForCredits.includes(error.details['code'])) return exitCodes.limit
  // A wrong password, a data folder that cannot be opened: trying again is no use, as with a wrong configuration.
  if (error.code === 'E_DATABASE_UNAVAILABLE' && !error.retryable) return exitCodes.usage
  return byErrorCode[error.code]
}

/** Of an answer that was not read any further. */
export function exitCodeOfStatus(status: number): ExitCode {
  if (status < 300) return exitCodes.ok
  if (status === 401 || status === 403) return exitCodes.auth
  if (status === 404) return exitCodes.notFound
  if (status === 402 || status === 429) return exitCodes.limit
  if (status === 409 || status === 412 || status === 422) return exitCodes.conflict
  if (status === 503 || status === 504 || status === 408) return exitCodes.unavailable
  return status < 500 && status >= 400 ? exitCodes.usage : exitCodes.failure
}
