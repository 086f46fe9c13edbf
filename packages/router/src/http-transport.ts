import type { HttpClient } from './http-client.ts'
import type { Dialect, Provider } from './routing.ts'
import { pathsOf, type Transport } from './transport.ts'

export interface HttpTransportOptions {
  readonly client: HttpClient
  /** The key of a provider, as it is when the call begins. */
  readonly keyOf: (provider: Provider) => Promise<string | undefined>
}

const anthropicVersion = '2023-06-01'

/** Passes calls on to a provider that speaks the dialect of the client: bytes as they are. */
export function createHttpTransport(dialect: Dialect, { client, keyOf }: HttpTransportOptions): Transport {
  return async (call) => {
    const { provider } = call.target
    return await client.post(`${provider.baseUrl}${pathsOf[call.operation]}`, {
      headers: {
        ...call.headers,
        ...credentials(dialect, await keyOf(provider)),
        accept: call.isStream ? 'text/event-stream' : 'application/json',
        'content-type': call.contentType,
      },
      body: call.body,
      signal: call.signal,
    })
  }
}

export function credentials(dialect: Dialect, key: string | undefined): Record<string, string> {
  if (dialect === 'openai') return key === undefined ? {} : { authorization: `Bearer ${key}` }
  return { 'anthropic-version': anthropicVersion, ...(key === undefined ? {} : { 'x-api-key': key }) }
}
