/**
 * Every failure that Core throws carries one of these codes. The code is API, the message is not.
 * `retryable` is the default for the code: the same call, sent again with the same key, may succeed.
 */
export const errorCodes = {
  E_INVALID: { retryable: false, summary: 'An argument is missing, malformed or out of range. Nothing was changed.' },
  E_UNAUTHENTICATED: { retryable: false, summary: 'The credential is missing, unknown, expired or disabled.' },
  E_FORBIDDEN: {
    retryable: false,
    summary: 'The caller is known but lacks the capability, or acts for another project.',
  },
  E_NOT_FOUND: { retryable: false, summary: 'The named hold, transaction, flag, key or project does not exist.' },
  E_CONFLICT: { retryable: false, summary: 'The request contradicts the present state.' },
  E_PRECONDITION_FAILED: {
    retryable: false,
    summary: 'What was to be edited is not as the caller last saw it. Nothing was changed; read it again.',
  },
  E_TOO_LARGE: { retryable: false, summary: 'A batch, body or metadata object exceeds its limit.' },
  E_IDEMPOTENCY_MISMATCH: { retryable: false, summary: 'The key was used before with another payload.' },
  E_RATE_LIMITED: { retryable: true, summary: 'Too many requests in the window.' },
  E_TIMEOUT: { retryable: true, summary: 'The deadline passed. The outcome is unknown; send the same key again.' },
  E_ABORTED: { retryable: false, summary: 'The caller aborted. The outcome is unknown; send the same key again.' },
  E_DATABASE_UNAVAILABLE: { retryable: true, summary: 'The database cannot be reached, or the connection was lost.' },
  E_DATABASE_BUSY: { retryable: true, summary: 'A lock or serialisation conflict outlasted the retries.' },
  E_DATABASE_SCHEMA: {
    retryable: false,
    summary: 'The database lacks a function this version needs. Run `core migrate up`.',
  },
  E_ISSUER_UNAVAILABLE: {
    retryable: true,
    summary: 'The keys of the issuer of tokens cannot be fetched, so a token can be neither trusted nor refused.',
  },
  E_DATABASE_LOCKED: { retryable: false, summary: 'Another process has this embedded database open.' },
  E_LEASE_JOURNAL: {
    retryable: false,
    summary: 'The journal of a credit lease cannot be read or written, or is full. Nothing acknowledged is lost.',
  },
  E_LOAD_FAILED: {
    retryable: true,
    summary: 'Another process tried to load this cache entry and failed a moment ago. It is tried again after a pause.',
  },
  E_LEASE_LOCKED: { retryable: false, summary: 'Another process has the journal of this credit lease open.' },
  E_CONFIG_INVALID: { retryable: false, summary: 'The configuration has faults; all of them are listed.' },
  E_CLOSED: { retryable: false, summary: 'The object was closed before the call.' },
  E_INTERNAL: { retryable: false, summary: 'A fault of Core itself.' },
} as const satisfies Record<string, { retryable: boolean; summary: string }>

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
