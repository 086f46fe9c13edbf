import type { ErrorCode } from '@core/foundation'
import { z } from 'zod'

interface ProblemKind {
  readonly status: number
  readonly title: string
  /** Whether the same request, with the same Idempotency-Key, may succeed later. */
  readonly retryable: boolean
  /** What the caller can do about it; shown on the problem's page. */
  readonly remedy: string
}

/**
 * Every problem the API can answer with (RFC 9457). The code is API; titles and details are for people.
 * Each has a page at `/problems/{code}`.
 */
export const problems = {
  // What the request lacks.
  invalid: {
    status: 400,
    title: 'The request is malformed',
    retryable: false,
    remedy: 'Each entry of errors names a place, what is wrong there, and what would be right. Nothing was changed.',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid credential',
    retryable: false,
    remedy:
      'Send Authorization: Bearer and a key or a token. reason says what is wrong with it. Keys are shown once, when they are made; make a new one if it is lost.',
  },
  forbidden: {
    status: 403,
    title: 'The credential lacks a scope',
    retryable: false,
    remedy:
      'GET /v1/me lists what the credential may do. Ask the owner for a key, or a role, with the scope named in detail.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    retryable: false,
    remedy: 'It does not exist, or it belongs to a project that is not yours: the two are not told apart.',
  },
  method_not_allowed: {
    status: 405,
    title: 'The method is not allowed here',
    retryable: false,
    remedy: 'The Allow header lists the methods of this address.',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive',
    retryable: true,
    remedy: 'Send headers within 5 seconds and the whole request within 30.',
  },
  conflict: {
    status: 409,
    title: 'The request contradicts the present state',
    retryable: false,
    remedy: 'Read the resource and decide again.',
  },
  precondition_failed: {
    status: 412,
    title: 'It was changed meanwhile',
    retryable: false,
    remedy: 'Nothing was changed. Read it again, decide again, and send the etag that was read as If-Match.',
  },
  too_large: {
    status: 413,
    title: 'Too large',
    retryable: false,
    remedy: 'A body holds at most 256 KB, a metadata object 16 KB. Keep large facts in your own tables.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body must be JSON',
    retryable: false,
    remedy: 'Send Content-Type: application/json, in UTF-8 and not compressed.',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    retryable: false,
    remedy: 'Use one key per intended effect, and the same key only to repeat the very same request.',
  },
  upgrade_required: {
    status: 426,
    title: 'This address speaks WebSocket',
    retryable: false,
    remedy: 'Open it with a WebSocket client, or read GET /v1/projects/{project}/events as server-sent events.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    retryable: true,
    remedy: 'Wait as long as Retry-After says.',
  },
  headers_too_large: {
    status: 431,
    title: 'The header fields are too large',
    retryable: false,
    remedy: 'All header fields together hold at most 16 KB.',
  },
  // What the ledger denies. Nothing was changed, and a later attempt with the same key may succeed.
  insufficient_credits: {
    status: 402,
    title: 'Not enough credits',
    retryable: false,
    remedy: 'available says what is left. Grant credits, settle or void open holds, or ask for less with min.',
  },
  budget_exhausted: {
    status: 402,
    title: 'A budget of this period is used up',
    retryable: false,
    remedy: 'budgets says which one and when it resets. Wait, or raise the limit.',
  },
  account_not_found: {
    status: 404,
    title: 'There is no such account',
    retryable: false,
    remedy: 'Open the account first, or check its code. An account of another project looks the same as none.',
  },
  account_frozen: {
    status: 409,
    title: 'The account is frozen or closed',
    retryable: false,
    remedy: 'Open holds can still be settled. The owner can activate the account again.',
  },
  hold_closed: {
    status: 409,
    title: 'The hold is closed',
    retryable: false,
    remedy: 'A hold is settled or voided once. Reserve again for further work.',
  },
  over_capture: {
    status: 409,
    title: 'More than the hold allows',
    retryable: false,
    remedy: 'This hold was reserved with over = reject. Settle at most what is reserved.',
  },
  lease_limit: {
    status: 409,
    title: 'More than one lease may take',
    retryable: false,
    remedy: 'limit says how much that is. Lease less, or ask the owner to raise lease_max_bp of the account.',
  },
  lease_gap: {
    status: 409,
    title: 'A report is missing before this one',
    retryable: false,
    remedy: 'expected says which number comes next. Send the reports of a lease in order, from 1, without a gap.',
  },
  batch_denied: {
    status: 409,
    title: 'An operation of an atomic batch was not accepted',
    retryable: false,
    remedy: 'results says which one and why. None of the others was applied.',
  },
  // What is wrong on the server's side.
  internal: {
    status: 500,
    title: 'A fault of the server',
    retryable: false,
    remedy: 'The log has it under the id in instance.',
  },
  database_schema: {
    status: 500,
    title: 'The database is older than the server',
    retryable: false,
    remedy: 'The operator runs core migrate up.',
  },
  unavailable: {
    status: 503,
    title: 'Not available right now',
    retryable: true,
    remedy:
      'The outcome may be unknown. Send the same request with the same Idempotency-Key after Retry-After seconds.',
  },
  timeout: {
    status: 504,
    title: 'The database took too long',
    retryable: true,
    remedy: 'The outcome is unknown. Send the same request with the same Idempotency-Key.',
  },
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof problems

export function isProblemCode(value: unknown): value is ProblemCode {
  return typeof value === 'string' && Object.hasOwn(problems, value)
}

/** The problem each failure becomes. The compiler sees to it that no code is forgotten. */
export const problemOfError: Readonly<Record<ErrorCode, ProblemCode>> = {
  E_INVALID: 'invalid',
  E_UNAUTHENTICATED: 'unauthenticated',
  E_FORBIDDEN: 'forbidden',
  E_NOT_FOUND: 'not_found',
  E_CONFLICT: 'conflict',
  E_PRECONDITION_FAILED: 'precondition_failed',
  E_TOO_LARGE: 'too_large',
  E_IDEMPOTENCY_MISMATCH: 'idempotency_mismatch',
  E_RATE_LIMITED: 'rate_limited',
  E_TIMEOUT: 'timeout',
  E_ABORTED: 'unavailable',
  E_DATABASE_UNAVAILABLE: 'unavailable',
  E_DATABASE_BUSY: 'unavailable',
  E_DATABASE_SCHEMA: 'database_schema',
  E_ISSUER_UNAVAILABLE: 'unavailable',
  E_DATABASE_LOCKED: 'unavailable',
  E_LEASE_JOURNAL: 'internal',
  E_LEASE_LOCKED: 'unavailable',
  E_CONFIG_INVALID: 'internal',
  E_CLOSED: 'unavailable',
  E_INTERNAL: 'internal',
}

/** The failure a client throws for each problem: the way back. Denials are conflicts with the present state. */
export const errorOfProblem: Readonly<Record<ProblemCode, ErrorCode>> = {
  invalid: 'E_INVALID',
  unauthenticated: 'E_UNAUTHENTICATED',
  forbidden: 'E_FORBIDDEN',
  not_found: 'E_NOT_FOUND',
  method_not_allowed: 'E_INVALID',
  request_timeout: 'E_TIMEOUT',
  conflict: 'E_CONFLICT',
  precondition_failed: 'E_PRECONDITION_FAILED',
  too_large: 'E_TOO_LARGE',
  unsupported_media_type: 'E_INVALID',
  idempotency_mismatch: 'E_IDEMPOTENCY_MISMATCH',
  upgrade_required: 'E_INVALID',
  rate_limited: 'E_RATE_LIMITED',
  headers_too_large: 'E_TOO_LARGE',
  insufficient_credits: 'E_CONFLICT',
  budget_exhausted: 'E_CONFLICT',
  account_not_found: 'E_NOT_FOUND',
  account_frozen: 'E_CONFLICT',
  hold_closed: 'E_CONFLICT',
  over_capture: 'E_CONFLICT',
  lease_limit: 'E_CONFLICT',
  lease_gap: 'E_CONFLICT',
  batch_denied: 'E_CONFLICT',
  internal: 'E_INTERNAL',
  database_schema: 'E_DATABASE_SCHEMA',
  unavailable: 'E_DATABASE_UNAVAILABLE',
  timeout: 'E_TIMEOUT',
}

/** One fault of the input: where, what, and what would be right. */
export const faultSchema = z
  .object({
    location: z.string().describe('body.amount, query.limit, path.id, header.Idempotency-Key'),
    message: z.string(),
    fix: z.string().optional(),
  })
  .meta({ id: 'Fault' })
export type Fault = z.output<typeof faultSchema>

/** The body of every answer that is not a success. Further members are facts of the code, such as `available`. */
export const problemSchema = z
  .looseObject({
    type: z.string().describe('The page about this code, relative to the server'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What went wrong this time, for people'),
    instance: z.string().describe('The id of the request, also in the log and in X-Request-Id'),
    code: z.enum(Object.keys(problems) as [ProblemCode, ...ProblemCode[]]).describe('Match on this'),
    errors: z.array(faultSchema),
    retryable: z.boolean(),
    reason: z.string().optional().describe('A finer code within the code'),
    fix: z.string().optional().describe('What the caller can do about it'),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' })
export type Problem = z.output<typeof problemSchema>
