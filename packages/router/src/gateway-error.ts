import type { Dialect } from './routing.ts'

export type GatewayFault =
  | 'invalid_request'
  | 'unauthenticated'
  | 'forbidden'
  | 'insufficient_credits'
  | 'budget_exhausted'
  | 'account_not_found'
  | 'account_frozen'
  | 'model_not_found'
  | 'not_found'
  | 'previous_response_not_found'
  | 'unsupported'
  | 'not_implemented'
  | 'conflict'
  | 'too_large'
  | 'rate_limited'
  | 'provider_failed'
  | 'unavailable'
  | 'internal'

interface Kind {
  readonly status: number
  readonly openai: string
  readonly anthropic: string
}

const kinds: Readonly<Record<GatewayFault, Kind>> = {
  invalid_request: { status: 400, openai: 'invalid_request_error', anthropic: 'invalid_request_error' },
  unsupported: { status: 400, openai: 'invalid_request_error', anthropic: 'invalid_request_error' },
  previous_response_not_found: {
    status: 400,
    openai: 'invalid_request_error',
    anthropic: 'invalid_request_error',
  },
  unauthenticated: { status: 401, openai: 'authentication_error', anthropic: 'authentication_error' },
  insufficient_credits: { status: 402, openai: 'insufficient_credits', anthropic: 'billing_error' },
  budget_exhausted: { status: 402, openai: 'insufficient_credits', anthropic: 'billing_error' },
  account_frozen: { status: 402, openai: 'insufficient_credits', anthropic: 'billing_error' },
  forbidden: { status: 403, openai: 'permission_error', anthropic: 'permission_error' },
  account_not_found: { status: 404, openai: 'invalid_request_error', anthropic: 'not_found_error' },
  model_not_found: { status: 404, openai: 'invalid_request_error', anthropic: 'not_found_error' },
  not_found: { status: 404, openai: 'invalid_request_error', anthropic: 'not_found_error' },
  conflict: { status: 409, openai: 'invalid_request_error', anthropic: 'invalid_request_error' },
  too_large: { status: 413, openai: 'invalid_request_error', anthropic: 'request_too_large' },
  rate_limited: { status: 429, openai: 'rate_limit_error', anthropic: 'rate_limit_error' },
  provider_failed: { status: 502, openai: 'server_error', anthropic: 'api_error' },
  unavailable: { status: 503, openai: 'server_error', anthropic: 'overloaded_error' },
  not_implemented: { status: 501, openai: 'invalid_request_error', anthropic: 'invalid_request_error' },
  internal: { status: 500, openai: 'server_error', anthropic: 'api_error' },
}

interface GatewayErrorOptions {
  readonly retryAfterMs?: number | undefined
  /** Whether the same request may succeed at once; official clients send it again by themselves, without a key. */
  readonly shouldRetry?: boolean
  readonly param?: string
}

/** What a model call is refused with, in either dialect. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly fault: GatewayFault
  readonly options: GatewayErrorOptions

  constructor(fault: GatewayFault, message: string, options: GatewayErrorOptions = {}) {
    super(message)
    this.fault = fault
    this.options = options
  }

  get status(): number {
    return kinds[this.fault].status
  }
}

/** The body of an error, as the clients of a dialect read it. */
export function toErrorBody(dialect: Dialect, { fault, message, options }: GatewayError, requestId: string): object {
  const { openai, anthropic } = kinds[fault]
  return dialect === 'anthropic'
    ? { type: 'error', error: { type: anthropic, message }, request_id: requestId }
    : { error: { message, type: openai, param: options.param ?? null, code: fault } }
}

export function toErrorHeaders({ options }: GatewayError): Readonly<Record<string, string>> {
  const { retryAfterMs, shouldRetry = false } = options
  return {
    'x-should-retry': String(shouldRetry),
    ...(retryAfterMs === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }),
  }
}

/** The error at the end of a stream that has begun: a chat stream that just ends throws nothing at the client. */
export function toErrorEvent(dialect: Dialect, error: GatewayError, requestId: string): string {
  const body = toErrorBody(dialect, error, requestId)
  const data = `data: ${JSON.stringify(body)}\n\n`
  return dialect === 'anthropic' ? `event: error\n${data}` : data
}
