import { redactSecrets } from './redact-secrets.ts'

/**
 * Every failure that Core throws carries one of these codes. The code is API, the message is not.
 * The value is the default of `retryable`: the same call, sent again with the same key, may succeed.
 */
export const errorCodes = {
  E_INVALID: false,
  E_UNAUTHENTICATED: false,
  E_FORBIDDEN: false,
  E_NOT_FOUND: false,
  E_CONFLICT: false,
  E_PRECONDITION_FAILED: false,
  E_TOO_LARGE: false,
  E_IDEMPOTENCY_MISMATCH: false,
  E_RATE_LIMITED: true,
  E_TIMEOUT: true,
  E_ABORTED: false,
  E_DATABASE_UNAVAILABLE: true,
  E_DATABASE_BUSY: true,
  E_DATABASE_SCHEMA: false,
  E_ISSUER_UNAVAILABLE: true,
  E_DATABASE_LOCKED: false,
  E_LEASE_JOURNAL: false,
  E_LOAD_FAILED: true,
  E_LEASE_LOCKED: false,
  E_PROVIDER: false,
  E_CONFIG_INVALID: false,
  E_CLOSED: false,
  E_INTERNAL: false,
} as const satisfies Record<string, boolean>

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

/** The one error class of Core. Match on `code`, never on `message`, which holds no key and no password. */
export class CoreError extends Error {
  override readonly name = 'CoreError'
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly fix: string | undefined
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: CoreErrorOptions = {}) {
    super(redactSecrets(message), 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryable = options.retryable ?? errorCodes[code]
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
