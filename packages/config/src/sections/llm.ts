import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'
import { expectedPrintable, listOf, printable, text, textThat, webUrl } from './value.ts'

const providers = ['local', 'openai', 'anthropic', 'ollama', 'manus', 'openai-compatible'] as const
const isTarget = (text: string) => {
  const [provider, ...model] = text.split('/')
  return providers.some((one) => one === provider) && (model.length === 0 || model.join('/').length > 0)
}
const modelName = text(/^\S{1,200}$/)
const expectedModel = 'a text of 1 to 200 characters without spaces'

const key = (variable: string, maker: string) =>
  z.optional(printable).register(settingRegistry, {
    variable,
    description: `The API key of ${maker}.`,
    expected: expectedPrintable,
    secret: true,
  })

const url = (variable: string, maker: string) =>
  z.optional(webUrl).register(settingRegistry, {
    variable,
    description: `Where the API of ${maker} is served, where that is not its maker's address.`,
    expected: 'a URL that begins with https:// or http://',
    example: 'https://gateway.example/v1',
  })

export const llmSection = z.prefault(
  z.strictObject({
    provider: z._default(z.enum(providers), 'local').register(settingRegistry, {
      variable: 'CORE_LLM_PROVIDER',
      description:
        'Which provider `openLlm` of @core/providers calls. `local` answers in the process, the same to the same ' +
        'request, for development and tests. The flag `providers.llm` changes it at run time.',
    }),
    model: z.optional(modelName).register(settingRegistry, {
      variable: 'CORE_LLM_MODEL',
      description: 'The model of CORE_LLM_PROVIDER for chats. Needed for every provider but `local`.',
      expected: expectedModel,
      example: 'gpt-5',
    }),
    embeddingModel: z.optional(modelName).register(settingRegistry, {
      variable: 'CORE_LLM_EMBEDDING_MODEL',
      description: 'The model of CORE_LLM_PROVIDER for embeddings. OpenAI has text-embedding-3-small unset.',
      expected: expectedModel,
      example: 'text-embedding-3-large',
    }),
    transcriptionModel: z.optional(modelName).register(settingRegistry, {
      variable: 'CORE_LLM_TRANSCRIPTION_MODEL',
      description: 'The model of CORE_LLM_PROVIDER for transcriptions. OpenAI has whisper-1 unset.',
      expected: expectedModel,
      example: 'gpt-4o-transcribe',
    }),
    fallbacks: z._default(listOf(textThat(isTarget)), []).register(settingRegistry, {
      variable: 'CORE_LLM_FALLBACKS',
      description: 'Providers to try in this order when the first one fails, each with its model.',
      expected: `a list of provider/model, the providers being ${providers.join(', ')}`,
      example: 'anthropic/claude-sonnet-5,ollama/llama4',
    }),
    baseUrl: z.optional(webUrl).register(settingRegistry, {
      variable: 'CORE_LLM_BASE_URL',
      description: 'Where the API of CORE_LLM_PROVIDER is served. Needed for `openai-compatible` and `manus`.',
      expected: 'a URL that begins with https:// or http://',
      example: 'http://127.0.0.1:8000/v1',
    }),
    keys: z.prefault(
      z.strictObject({
        openai: key('OPENAI_API_KEY', 'OpenAI'),
        anthropic: key('ANTHROPIC_API_KEY', 'Anthropic'),
        manus: key('MANUS_API_KEY', 'Manus'),
        compatible: key('CORE_LLM_API_KEY', 'the provider `openai-compatible`'),
      }),
      {},
    ),
    urls: z.prefault(
      z.strictObject({
        openai: url('OPENAI_BASE_URL', 'OpenAI'),
        anthropic: url('ANTHROPIC_BASE_URL', 'Anthropic'),
        manus: url('MANUS_BASE_URL', 'Manus'),
        ollama: url('OLLAMA_BASE_URL', 'Ollama'),
      }),
      {},
    ),
  }),
  {},
)
