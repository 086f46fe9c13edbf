import type { ErrorCode } from '@core/foundation'

/** One kind of failure of the API (RFC 9457). Its code is API; title and remedy are for people. */
export interface ProblemKind {
  readonly status: number
  readonly title: string
  /** Whether the same request, with the same Idempotency-Key, may succeed later. */
  readonly retryable: boolean
  /** What the caller can do about it; shown on the problem's page. */
  readonly remedy: string
  /** The code of the CoreError that a client throws for it. Denials are conflicts with the present state. */
  readonly error: ErrorCode
}
