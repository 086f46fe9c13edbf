import type { HttpClient } from './http-client.ts'
import type { Dialect, Provider } from './routing.ts'
import { pathsOf, type Transport, type UpstreamRequest } from './transport.ts'

export interface HttpTransportOptions {
  readonly client: HttpClient
  /** The key of a provider, as it is when the call begins. */
  readonly keyOf: (provider: Provider) => Promise<string | undefined> | string | undefined
}

const anthropicVersion = '2023-06-01'

/** Passes calls on to a provider that speaks the dialect of the client: bytes as they are. */
export function createHttpTransport(dialect: Dialect, { client, keyOf }: HttpTransportOptions): Transport {
  const send = ({ target, operation, headers, isStream, contentType, body, signal }: UpstreamRequest, key?: string) =>
    client.post(`${target.provider.baseUrl}${pathsOf[operation]}`, {
      headers: {
        ...headers,
        ...credentials(dialect, key),
        accept: isStream ? 'text/event-stream' : 'application/json',
        'content-type': contentType,
      },
      body,
      signal,
    })
  return (request) => {
    const key = keyOf(request.target.provider)
    return key instanceof Promise ? key.then((read) => send(request, read)) : send(request, key)
  }
}

export function credentials(dialect: Dialect, key: string | undefined): Record<string, string> {
  if (dialect === 'openai') return key === undefined ? {} : { authorization: `Bearer ${key}` }
  return { 'anthropic-version': anthropicVersion, ...(key === undefined ? {} : { 'x-api-key': key }) }
}
