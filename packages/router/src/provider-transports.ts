import { createSecret } from '@core/config'
import { createLocalDriver, openDialectDriver } from '@core/providers/llm'
import { createDriverTransport } from './driver-transport.ts'
import { type AddressCheck, createHttpClient } from './http-client.ts'
import { createHttpTransport } from './http-transport.ts'
import type { Dialect, Provider } from './routing.ts'
import type { FindTransport } from './transport.ts'

export interface ProviderTransportsOptions {
  readonly guard: AddressCheck
  /** The key of a provider, as it is when the call begins. */
  readonly keyOf: (provider: Provider) => Promise<string | undefined> | string | undefined
}

/**
 * How providers are called: bytes pass to those that speak the dialect of the client, chats are translated for the
 * others, and `local` answers in this process. Nothing else has a transport.
 */
export function createProviderTransports(options: ProviderTransportsOptions): FindTransport {
  const client = createHttpClient(options.guard)
  const direct = {
    openai: createHttpTransport('openai', { ...options, client }),
    anthropic: createHttpTransport('anthropic', { ...options, client }),
  }
  const translated = (dialect: Dialect) =>
    createDriverTransport(async ({ target: { provider } }) => {
      const { name, baseUrl = '' } = provider
      const key = await options.keyOf(provider)
      const apiKey = key === undefined ? undefined : createSecret(key)
      return await openDialectDriver(dialect, { name, baseUrl, apiKey, fetch: client.fetch })
    })
  const translations = { openai: translated('openai'), anthropic: translated('anthropic') }
  const driver = createLocalDriver()
  const local = createDriverTransport(() => driver)

  return ({ kind, baseUrl }, operation) => {
    if (kind === 'local') return local
    if (baseUrl === undefined) return undefined
    const dialect = kind === 'anthropic' ? 'anthropic' : 'openai'
    if ((dialect === 'anthropic') === (operation === 'messages')) return direct[dialect]
    return operation === 'chat' || operation === 'messages' ? translations[dialect] : undefined
  }
}
