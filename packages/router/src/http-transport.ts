import type { HttpClient } from './http-client.ts'
import type { Dialect } from './routing.ts'
import { pathsOf, type SendWithKey } from './transport.ts'

const anthropicVersion = '2023-06-01'

/** Passes calls on to a provider that speaks the dialect of the client: bytes as they are. */
export function createHttpTransport(dialect: Dialect, client: HttpClient): SendWithKey {
  return ({ target, operation, headers, isStream, contentType, body, signal }, key) =>
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
}

export function credentials(dialect: Dialect, key: string | undefined): Record<string, string> {
  if (dialect === 'openai') return key === undefined ? {} : { authorization: `Bearer ${key}` }
  return { 'anthropic-version': anthropicVersion, ...(key === undefined ? {} : { 'x-api-key': key }) }
}
