/**
 * Every failure that Core throws carries one of these codes. The code is API, the message is not.
 * `retryable` is the default for the code: the same call, sent again with the same key, may succeed.
 */
export const errorCodes = {
  E_INVALID: { retryable: false },
  E_UNAUTHENTICATED: { retryable: false },
  E_FORBIDDEN: { retryable: false },
  E_NOT_FOUND: { retryable: false },
  E_CONFLICT: { retryable: false },
  E_PRECONDITION_FAILED: { retryable: false },
  E_TOO_LARGE: { retryable: false },
  E_IDEMPOTENCY_MISMATCH: { retryable: false },
  E_RATE_LIMITED: { retryable: true },
  E_TIMEOUT: { retryable: true },
  E_ABORTED: { retryable: false },
  E_DATABASE_UNAVAILABLE: { retryable: true },
  E_DATABASE_BUSY: { retryable: true },
  E_DATABASE_SCHEMA: { retryable: false },
  E_ISSUER_UNAVAILABLE: { retryable: true },
  E_DATABASE_LOCKED: { retryable: false },
  E_LEASE_JOURNAL: { retryable: false },
  E_LOAD_FAILED: { retryable: true },
  E_LEASE_LOCKED: { retryable: false },
  E_CONFIG_INVALID: { retryable: false },
  E_CLOSED: { retryable: false },
  E_INTERNAL: { retryable: false },
} as const satisfies Record<string, { retryable: boolean }>

export type ErrorCode = keyof typeof errorCodes

export interface CoreErrorOptions {
  cause?: unknown
  /** Overrides the code's default. */
  retryable?: boolean
  /** What the caller can do about it, as a sentence. */
  fix?: string
  /** Machine-readable facts: field names, limits, the reason inside the code. */
  details?: Readonly<Record<string, unknown>>
}

/** The one error class of Core. Match on `code`, never on `message`. */
export class CoreError extends Error {
  override readonly name = 'CoreError'
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly fix: string | undefined
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: CoreErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryable = options.retryable ?? errorCodes[code].retryable
    this.fix = options.fix
    this.details = options.details ?? {}
  }
}

/** The same failure with further facts, for one of several callers who share it. Its stack is that of the first. */
export function withDetails(error: CoreError, details: Readonly<Record<string, unknown>>): CoreError {
  const { code, message, retryable, fix, stack } = error
  const copy = new CoreError(code, message, {
    retryable,
    ...(fix === undefined ? {} : { fix }),
    ...('cause' in error ? { cause: error.cause } : {}),
    details: { ...error.details, ...details },
  })
  if (stack !== undefined) copy.stack = stack
  return copy
}

export function isCoreError(value: unknown, code?: ErrorCode): value is CoreError {
  return value instanceof CoreError && (code === undefined || value.code === code)
}
