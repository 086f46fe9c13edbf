import { problems } from '@core/api'
import { type CoreError, type ErrorCode, errorSummaries, isCoreError } from '@core/foundation'
import { z } from 'zod'
import { ProblemError } from './problem-error.ts'
import { isUnmeant } from './problems.ts'

interface RestFacts {
  readonly details?: string
  readonly hint?: string
}

/** A refusal in PostgREST's own words. */
export class RestError extends Error {
  override readonly name = 'RestError'
  readonly status: number
  readonly code: string
  readonly facts: RestFacts

  constructor(status: number, code: string, message: string, facts: RestFacts = {}) {
    super(message)
    this.status = status
    this.code = code
    this.facts = facts
  }
}

export interface RestReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: {
    readonly code: string
    readonly message: string
    readonly details: string | null
    readonly hint: string | null
  }
}

/** Any failure in PostgREST's form: `{ code, message, details, hint }` and the status of its error reference. */
export function toRestReply(error: unknown): RestReply {
  if (error instanceof RestError) return toReply(error.status, error.code, error.message, error.facts)
  if (error instanceof ProblemError) return ofProblem(error)
  if (isCoreError(error)) return ofCoreError(error)
  return ofFramework(error) ?? toReply(500, 'PGRSTX00', errorSummaries.E_INTERNAL)
}

function toReply(status: number, code: string, message: string, { details, hint }: RestFacts = {}): RestReply {
  const headers: Record<string, string> = {}
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  if (status === 503) headers['retry-after'] = '1'
  return { status, headers, body: { code, message, details: details ?? null, hint: hint ?? null } }
}

const faultSchema = z.object({
  code: z.string().regex(/^[0-9A-Z]{5}$/),
  message: z.string(),
  detail: z.string().nullish(),
  hint: z.string().nullish(),
})

/** What the database itself said, where it did; a driver keeps that as the cause. */
function ofCoreError(error: CoreError): RestReply {
  const fault = faultSchema.safeParse(error.cause)
  if (fault.success) {
    const { code, message, detail, hint } = fault.data
    const status = statusOf(code)
    // The database's own words name constraints, tables and values, of other projects as well.
    if (isUnmeant(code))
      return toReply(status, code, code === '42501' ? 'permission denied' : 'the call conflicts with what is stored')
    if (status < 500)
      return toReply(status, code, message, { ...(detail && { details: detail }), ...(hint && { hint }) })
    // What failed inside is the operator's to read; the code says enough for deciding whether to try again.
    return toReply(status, code, errorSummaries[error.code])
  }
  const [status, code] = byCode[error.code]
  if (status >= 500) return toReply(status, code, errorSummaries[error.code])
  return toReply(status, code, error.message, error.fix === undefined ? {} : { hint: error.fix })
}

/** Statuses by SQLSTATE, as PostgREST has them (References, Errors): exact codes, then classes, else 400. */
function statusOf(sqlstate: string): number {
  const asked = /^PT([1-9]\d\d)$/.exec(sqlstate)?.[1]
  if (asked !== undefined) return Number(asked)
  return bySqlstate[sqlstate] ?? bySqlstate[sqlstate.slice(0, 2)] ?? 400
}

const bySqlstate: Readonly<Record<string, number>> = {
  '08': 503,
  '09': 500,
  '0L': 403,
  '0P': 403,
  '21000': 500,
  '23503': 409,
  '23505': 409,
  '25': 500,
  '25006': 405,
  '28': 403,
  '2D': 500,
  '38': 500,
  '39': 500,
  '3B': 500,
  '40': 500,
  '42501': 403,
  '42883': 404,
  '42P01': 404,
  '42P17': 500,
  '53': 503,
  '53400': 500,
  '54': 500,
  '55': 500,
  '57': 500,
  '57P01': 503,
  '58': 500,
  F0: 500,
  HV: 500,
  P0: 500,
  P0001: 400,
  XX: 500,
}

/** Failures that never reached the database, or lost their SQLSTATE on the way. */
const byCode: Readonly<Record<ErrorCode, readonly [status: number, code: string]>> = {
  E_INVALID: [400, '22023'],
  E_UNAUTHENTICATED: [401, 'PGRST301'],
  E_FORBIDDEN: [403, '42501'],
  E_NOT_FOUND: [404, 'PT404'],
  E_CONFLICT: [409, 'PT409'],
  E_PRECONDITION_FAILED: [412, 'PT412'],
  E_TOO_LARGE: [413, 'PT413'],
  E_IDEMPOTENCY_MISMATCH: [422, 'PT422'],
  E_RATE_LIMITED: [429, 'PT429'],
  E_TIMEOUT: [500, '57014'],
  E_ABORTED: [500, '57014'],
  E_DATABASE_UNAVAILABLE: [503, 'PGRST001'],
  E_DATABASE_BUSY: [504, 'PGRST003'],
  E_DATABASE_SCHEMA: [404, 'PGRST202'],
  E_ISSUER_UNAVAILABLE: [503, 'PGRST001'],
  E_DATABASE_LOCKED: [503, 'PGRST001'],
  E_LEASE_JOURNAL: [500, 'PGRSTX00'],
  E_LEASE_LOCKED: [500, 'PGRSTX00'],
  E_LOAD_FAILED: [503, 'PGRST001'],
  E_PROVIDER: [503, 'PGRST001'],
  E_CONFIG_INVALID: [500, 'PGRSTX00'],
  E_CLOSED: [503, 'PGRST001'],
  E_INTERNAL: [500, 'PGRSTX00'],
}

/** What the control plane refuses on every address: too much, too large, not JSON. */
function ofProblem({ problem, message, options }: ProblemError): RestReply {
  const { status } = problems[problem]
  const reply = toReply(status, codeOf(status), message, options.fix === undefined ? {} : { hint: options.fix })
  return { ...reply, headers: { ...reply.headers, ...options.headers } }
}

function codeOf(status: number): string {
  if (status === 400) return 'PGRST102'
  if (status === 415) return 'PGRST107'
  if (status === 503) return 'PGRST001'
  return status >= 500 ? 'PGRSTX00' : `PT${status}`
}

/** Fastify's own refusals of a request carry a status of 4xx. */
function ofFramework(error: unknown): RestReply | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  const status = Number(error.statusCode)
  return status >= 400 && status < 500 ? toReply(status, codeOf(status), error.message) : undefined
}
