import { loadAnthropic } from '../../load-library.ts'
import type { Driver } from '../driver.ts'
import { createModelDriver } from '../from-model.ts'
import type { ProviderSettings } from '../provider-settings.ts'

/** Anthropic's Messages API. It takes no audio and makes neither embeddings nor transcripts. */
export async function openAnthropicDriver({ name, baseUrl, apiKey, fetch }: ProviderSettings): Promise<Driver> {
  const { createAnthropic } = await loadAnthropic()
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
