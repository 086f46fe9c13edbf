import { loadOpenAICompatible } from '../../load-library.ts'
import type { Driver } from '../driver.ts'
import { createModelDriver } from '../from-model.ts'
import type { ProviderSettings } from '../provider-settings.ts'
import { transcribeOverHttp } from '../transcribe-over-http.ts'

/**
 * OpenAI and whatever speaks its Chat Completions API. On openai-compatible rather than the SDK's own package, which drops
 * the audio tokens of the usage.
 */
export async function openOpenAIDriver({ name, baseUrl, apiKey, fetch }: ProviderSettings): Promise<Driver> {
  const { createOpenAICompatible } = await loadOpenAICompatible()
  const provider = createOpenAICompatible({
    name,
    baseURL: baseUrl,
    includeUsage: true,
    supportsStructuredOutputs: true,
    ...(apiKey === undefined ? {} : { apiKey: () => apiKey.reveal() }),
    ...(fetch === undefined ? {} : { fetch }),
    // OpenAI's reasoning models refuse max_tokens; other servers do not know its successor.
    ...(name === 'openai' ? { transformRequestBody: renameLimit } : {}),
  })
  return createModelDriver({
    name,
    dialect: 'openai',
    hears: (mediaType) => /^audio\/(wav|mp3|mpeg)$/.test(mediaType),
    language: (model) => provider.chatModel(model),
    embedding: (model) => provider.embeddingModel(model),
    transcribe: transcribeOverHttp({ name, baseUrl, apiKey, fetch }),
  })
}

function renameLimit({ max_tokens, ...body }: Record<string, unknown>): Record<string, unknown> {
  return max_tokens === undefined ? body : { ...body, max_completion_tokens: max_tokens }
}
