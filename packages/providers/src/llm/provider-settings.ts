import type { Secret } from '@core/config'

export interface ProviderSettings {
  readonly name: string
  /** Without a slash at its end: `https://api.openai.com/v1`. */
  readonly baseUrl: string
  readonly apiKey: Secret | undefined
  readonly fetch: typeof globalThis.fetch | undefined
}
