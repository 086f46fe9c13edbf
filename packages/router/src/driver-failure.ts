import type { CoreError } from '@core/foundation'
import { faultOf } from '@core/providers/llm'
import { GatewayError, toErrorBody } from './gateway-error.ts'
import { TransportError, type UpstreamRequest, type UpstreamResponse } from './transport.ts'

/**
 * What a driver failed with, as the provider would have answered: so all transports fail alike.
 * @throws TransportError where there was no answer.
 */
export function toFailedResponse(error: CoreError, { operation }: UpstreamRequest): UpstreamResponse {
  const { retryAfterMs, sent } = error.details
  const dialect = operation === 'messages' ? 'anthropic' : 'openai'
  const answer = (status: number, headers: Readonly<Record<string, string>> = {}): UpstreamResponse => {
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(JSON.stringify(toErrorBody(dialect, new GatewayError('invalid_request', error.message), '')))
    }
    return { status, headers: { 'content-type': 'application/json', ...headers }, body: body() }
  }
  switch (faultOf(error)) {
    case 'rate_limited':
      return answer(429, typeof retryAfterMs === 'number' ? { 'retry-after-ms': String(retryAfterMs) } : {})
    case 'auth':
      return answer(401)
    case 'timeout':
      return answer(408)
    case 'overloaded':
      return answer(503)
    case 'malformed':
      return answer(502)
    case 'invalid_request':
    case 'context_length':
    case 'filtered':
    case 'unsupported':
      return answer(400)
    default:
      throw new TransportError(error.message, sent !== false)
  }
}
