import { createSecret } from '@core/config'
import { createLocalDriver, openDialectDriver } from '@core/providers/llm'
import { createDriverTransport } from './driver-transport.ts'
import { type AddressCheck, createHttpClient } from './http-client.ts'
import { createHttpTransport } from './http-transport.ts'
import { createKeyedTransport, type ProviderKey } from './keyed-transport.ts'
import type { Dialect } from './routing.ts'
import type { FindTransport, SendWithKey } from './transport.ts'

export interface ProviderTransportsOptions extends ProviderKey {
  readonly guard: AddressCheck
}

/**
 * How providers are called: bytes pass to those that speak the dialect of the client, chats are translated for the
 * others, and `local` answers in this process. Nothing else has a transport.
 */
export function createProviderTransports(options: ProviderTransportsOptions): FindTransport {
  const client = createHttpClient(options.guard)
  const translated = (dialect: Dialect): SendWithKey => {
    return (request, key) => {
      const { name, baseUrl = '' } = request.target.provider
      const apiKey = key === undefined ? undefined : createSecret(key)
      const open = () => openDialectDriver(dialect, { name, baseUrl, apiKey, fetch: client.fetch })
      return createDriverTransport(open)(request)
    }
  }
  const both = (sendOf: (dialect: Dialect) => SendWithKey) => ({
    openai: createKeyedTransport(options, sendOf('openai')),
    anthropic: createKeyedTransport(options, sendOf('anthropic')),
  })
  const direct = both((dialect) => createHttpTransport(dialect, client))
  const translations = both(translated)
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
