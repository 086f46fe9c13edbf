import { CoreError, isObject } from '@core/foundation'
import type { Usage } from '../price/usage.ts'

const retryable = ['rate_limited', 'overloaded', 'timeout', 'unavailable', 'malformed'] as const
const final = ['invalid_request', 'context_length', 'auth', 'filtered', 'unsupported'] as const
export type ProviderFault = (typeof retryable)[number] | (typeof final)[number]

const reasons: readonly string[] = [...retryable, ...final]

export interface ProviderErrorFacts {
  readonly provider: string
  readonly status?: number | undefined
  readonly retryAfterMs?: number | undefined
  /** The provider may have begun the work, and may bill it. */
  readonly sent: boolean
  /** What a call cost that failed after it gave output. */
  readonly usage?: Usage | undefined
}

/** E_PROVIDER with `details.reason`. It has no cause: the errors of vendors carry the prompt, and headers with the key. */
export function providerError(reason: ProviderFault, message: string, facts: ProviderErrorFacts): CoreError {
  const details = Object.fromEntries(Object.entries({ reason, ...facts }).filter(([, value]) => value !== undefined))
  return new CoreError('E_PROVIDER', message, {
    retryable: retryable.some((one) => one === reason),
    fix: fixes[reason],
    details,
  })
}

/** The reason of an E_PROVIDER. */
export function faultOf(error: CoreError): ProviderFault | undefined {
  const { reason } = error.details
  return error.code === 'E_PROVIDER' && typeof reason === 'string' && isReason(reason) ? reason : undefined
}

function isReason(value: string): value is ProviderFault {
  return reasons.includes(value)
}

const fixes: Readonly<Record<ProviderFault, string>> = {
  rate_limited: 'Wait for retryAfterMs, ask for a higher limit, or configure a fallback.',
  overloaded: 'Try again later, or configure a fallback.',
  timeout: 'Raise timeoutMs, ask for less output, or configure a fallback.',
  unavailable: 'Check the base URL and the network, or configure a fallback.',
  malformed: 'Check that the base URL serves the API of this provider.',
  invalid_request: 'Check the model, the messages and the tools against the documentation of the provider.',
  context_length: 'Send fewer or shorter messages, or choose a model with a longer context.',
  auth: 'Check the API key of the provider.',
  filtered: 'Change the request: the provider refuses its content.',
  unsupported: 'Choose a provider or a model that can do this.',
}

/** What a vendor's library or `fetch` threw, as E_PROVIDER. A CoreError stays as it is. */
export function toProviderError(provider: string, error: unknown): CoreError {
  if (error instanceof CoreError) return error
  if (!isObject(error)) return providerError('unavailable', `${provider} failed`, { provider, sent: true })
  const status = error['statusCode']
  if (typeof status === 'number' && (status < 200 || status > 299)) {
    return statusError(provider, status, error['responseHeaders'], errorBody(error['responseBody']))
  }
  const name = String(error['name'])
  if (name === 'AI_UnsupportedFunctionalityError' || name === 'AI_NoSuchModelError') {
    return providerError('unsupported', `${provider} cannot do what the request asks for`, { provider, sent: false })
  }
  if (name === 'AI_LoadAPIKeyError') {
    return providerError('auth', `${provider} has no API key`, { provider, sent: false })
  }
  if (
    status !== undefined ||
    /^AI_(TypeValidation|JSONParse|InvalidResponseData|EmptyResponseBody|NoContent)/.test(name) ||
    name === 'SyntaxError' ||
    name === 'ZodError' ||
    name === '$ZodError'
  ) {
    return providerError('malformed', `${provider} answered in a form that it does not document`, {
      provider,
      sent: true,
    })
  }
  return providerError('unavailable', `${provider} cannot be reached, or ended the answer early`, {
    provider,
    sent: !isRefused(error),
  })
}

/** Connections that were never made; anything else may have been read. */
function isRefused(error: object, depth = 0): boolean {
  if (
    'code' in error &&
    ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'].includes(String(error.code))
  )
    return true
  return depth < 4 && 'cause' in error && isObject(error.cause) && isRefused(error.cause, depth + 1)
}

/** An answer of 4xx or 5xx, or an error in the middle of a stream, by its status and the code in its body. */
export function statusError(provider: string, status: number, headers: unknown, body: string): CoreError {
  const reason = reasonOf(status, body)
  return providerError(reason, `${provider} answered ${status} (${reason})`, {
    provider,
    status,
    retryAfterMs: retryAfterOf(headers),
    sent: status >= 500 && status !== 503 && status !== 529,
  })
}

function reasonOf(status: number, body: string): ProviderFault {
  if (/context_length_exceeded|prompt is too long|maximum context length/i.test(body)) return 'context_length'
  if (/content_filter|content_policy/i.test(body)) return 'filtered'
  if (status === 401 || status === 403) return 'auth'
  if (status === 408 || status === 504) return 'timeout'
  // Without credit at the provider no later attempt succeeds.
  if (status === 429) return /insufficient_quota/.test(body) ? 'auth' : 'rate_limited'
  if (status === 503 || status === 529 || /overloaded/i.test(body)) return 'overloaded'
  return status >= 500 ? 'unavailable' : 'invalid_request'
}

function errorBody(body: unknown): string {
  return typeof body === 'string' ? body.slice(0, 4_000) : ''
}

/** Seconds or a date (RFC 9110); `retry-after-ms` is OpenAI's. */
function retryAfterOf(headers: unknown): number | undefined {
  if (!isObject(headers)) return undefined
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN)
  if (Number.isFinite(ms) && ms >= 0) return Math.ceil(ms)
  const text = headers['retry-after']
  if (typeof text !== 'string') return undefined
  const seconds = Number(text)
  if (Number.isFinite(seconds) && seconds >= 0) return Math.ceil(seconds * 1000)
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}
