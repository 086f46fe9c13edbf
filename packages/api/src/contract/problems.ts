import type { ProblemKind } from './problem-kind.ts'

/** What every route can answer with: faults of the request, and faults of the server. */
export const problems = {
  invalid: {
    status: 400,
    title: 'The request is malformed',
    retryable: false,
    remedy: 'Each entry of errors names a place, what is wrong there, and what would be right. Nothing was changed.',
    error: 'E_INVALID',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid credential',
    retryable: false,
    remedy:
      'Send Authorization: Bearer and a key or a token. reason says what is wrong with it. Keys are shown once, when they are made; make a new one if it is lost.',
    error: 'E_UNAUTHENTICATED',
  },
  forbidden: {
    status: 403,
    title: 'The credential lacks a scope',
    retryable: false,
    remedy:
      'GET /v1/me lists what the credential may do. Ask the owner for a key, or a role, with the scope named in detail.',
    error: 'E_FORBIDDEN',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    retryable: false,
    remedy: 'It does not exist, or it belongs to a project that is not yours: the answer does not distinguish the two.',
    error: 'E_NOT_FOUND',
  },
  method_not_allowed: {
    status: 405,
    title: 'The method is not allowed here',
    retryable: false,
    remedy: 'The Allow header lists the methods of this address.',
    error: 'E_INVALID',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive',
    retryable: true,
    remedy: 'Send headers within 5 seconds and the whole request within 30.',
    error: 'E_TIMEOUT',
  },
  conflict: {
    status: 409,
    title: 'The request contradicts the present state',
    retryable: false,
    remedy: 'Read the resource and decide again.',
    error: 'E_CONFLICT',
  },
  precondition_failed: {
    status: 412,
    title: 'It was changed meanwhile',
    retryable: false,
    remedy: 'Nothing was changed. Read it again, decide again, and send the etag that was read as If-Match.',
    error: 'E_PRECONDITION_FAILED',
  },
  too_large: {
    status: 413,
    title: 'Too large',
    retryable: false,
    remedy: 'A body holds at most 256 KB, a metadata object 16 KB. Keep large facts in your own tables.',
    error: 'E_TOO_LARGE',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body must be JSON',
    retryable: false,
    remedy: 'Send Content-Type: application/json, in UTF-8 and not compressed.',
    error: 'E_INVALID',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    retryable: false,
    remedy: 'Use one key per intended effect, and the same key only to repeat the very same request.',
    error: 'E_IDEMPOTENCY_MISMATCH',
  },
  upgrade_required: {
    status: 426,
    title: 'This address speaks WebSocket',
    retryable: false,
    remedy: 'Open it with a WebSocket client, or read GET /v1/projects/{project}/events as server-sent events.',
    error: 'E_INVALID',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    retryable: true,
    remedy: 'Wait as long as Retry-After says.',
    error: 'E_RATE_LIMITED',
  },
  headers_too_large: {
    status: 431,
    title: 'The header fields are too large',
    retryable: false,
    remedy: 'All header fields together hold at most 16 KB.',
    error: 'E_TOO_LARGE',
  },
  internal: {
    status: 500,
    title: 'A fault of the server',
    retryable: false,
    remedy: 'The log has it under the id in instance.',
    error: 'E_INTERNAL',
  },
  database_schema: {
    status: 500,
    title: 'The database is older than the server',
    retryable: false,
    remedy: 'The operator runs core migrate up.',
    error: 'E_DATABASE_SCHEMA',
  },
  unavailable: {
    status: 503,
    title: 'Not available right now',
    retryable: true,
    remedy:
      'The outcome may be unknown. Send the same request with the same Idempotency-Key after Retry-After seconds.',
    error: 'E_DATABASE_UNAVAILABLE',
  },
  timeout: {
    status: 504,
    title: 'The database took too long',
    retryable: true,
    remedy: 'The outcome is unknown. Send the same request with the same Idempotency-Key.',
    error: 'E_TIMEOUT',
  },
} as const satisfies Record<string, ProblemKind>
