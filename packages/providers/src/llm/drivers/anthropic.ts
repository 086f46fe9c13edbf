import { createAnthropic } from '@ai-sdk/anthropic'
import type { Driver } from '../driver.ts'
import { createModelDriver } from '../from-model.ts'
import type { ProviderSettings } from '../provider-settings.ts'

/** Anthropic's Messages API. It takes no audio and makes neither embeddings nor transcripts. */
export function createAnthropicDriver({ name, baseUrl, apiKey, fetch }: ProviderSettings): Driver {
  const provider = createAnthropic({
    name,
    baseURL: baseUrl,
    // The SDK would look for a key in the environment of the process.
    apiKey: apiKey?.reveal() ?? '',
    ...(fetch === undefined ? {} : { fetch }),
  })
  return createModelDriver({
    name,
    dialect: 'anthropic',
    hears: () => false,
    language: (model) => provider.languageModel(model),
  })
}
