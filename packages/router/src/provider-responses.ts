import { createHttpClient } from './http-client.ts'
import { credentials } from './http-transport.ts'
import type { ProviderTransportsOptions } from './provider-transports.ts'
import type { Provider } from './routing.ts'
import { pathsOf } from './transport.ts'

/** Asks a provider for a response that it keeps, or to remove it. Undefined where its kind keeps none. */
export type AskForResponse = (
  provider: Provider,
  request: StoredRequest,
) => Promise<{ readonly status: number; readonly body: Buffer }> | undefined

export interface StoredRequest {
  readonly method: 'GET' | 'DELETE'
  readonly id: string
  /** Left out: the response itself. */
  readonly part?: 'input_items'
  /** With its question mark, or empty. */
  readonly query: string
  readonly signal: AbortSignal
}

const maxBytes = 64 * 1024 * 1024

export function createProviderResponses({
  guard,
  keyOf,
}: Omit<ProviderTransportsOptions, 'onRefused'>): AskForResponse {
  const client = createHttpClient(guard)
  return (provider, { method, id, part, query, signal }) => {
    const { kind, baseUrl } = provider
    if (baseUrl === undefined || kind === 'local' || kind === 'anthropic') return undefined
    const ask = async () => {
      const headers = { ...credentials('openai', await keyOf(provider)), accept: 'application/json' }
      const address = `${baseUrl}${pathsOf.responses}/${encodeURIComponent(id)}${part === undefined ? '' : `/${part}`}${query}`
      const answer = await client.ask(method, address, { headers, signal })
      const { status, headers: answered } = answer
      const body = await answer.readAll(maxBytes)
      if (body === undefined || answered['content-type']?.includes('json') !== true)
        return { status: 502, body: Buffer.alloc(0) }
      return { status, body: Buffer.from(body) }
    }
    return ask()
  }
}
