import type { GatewayRoute } from '../contract/gateway-route.ts'

const bodyLimitBytes = 32 * 1024 * 1024
const openai = { noun: 'models', auth: 'model:call', dialect: 'openai', bodyLimitBytes } as const
const anthropic = { ...openai, dialect: 'anthropic' } as const
const json = { method: 'POST', consumes: 'application/json' } as const

/** What unchanged clients of OpenAI and Anthropic call, in the order of the docs. */
export const gatewayRoutes = [
  {
    ...openai,
    ...json,
    operation: 'createChatCompletion',
    path: '/v1/projects/{project}/openai/v1/chat/completions',
    summary: 'A chat with a model, in the dialect of OpenAI',
    streams: true,
  },
  {
    ...openai,
    ...json,
    operation: 'createResponse',
    path: '/v1/projects/{project}/openai/v1/responses',
    summary: 'A response of a model, in the dialect of OpenAI',
    streams: true,
  },
  {
    ...openai,
    method: 'GET',
    operation: 'getResponse',
    path: '/v1/projects/{project}/openai/v1/responses/{id}',
    summary: 'A response of this key',
    description:
      'From the provider that keeps it; what a provider does not keep is kept here for seven days, sealed, up to 256 KiB. Not metered.',
  },
  {
    ...openai,
    method: 'GET',
    operation: 'listResponseInputItems',
    path: '/v1/projects/{project}/openai/v1/responses/{id}/input_items',
    summary: 'What the model read for a response of this key',
    description: 'With what came before it in the conversation, the last item first. Not metered.',
  },
  {
    ...openai,
    method: 'DELETE',
    operation: 'deleteResponse',
    path: '/v1/projects/{project}/openai/v1/responses/{id}',
    summary: 'Remove a response of this key',
    description: 'At the provider that keeps it, and here. Not metered.',
  },
  {
    ...openai,
    ...json,
    operation: 'createEmbedding',
    path: '/v1/projects/{project}/openai/v1/embeddings',
    summary: 'Embeddings of texts',
  },
  {
    ...openai,
    method: 'POST',
    consumes: 'multipart/form-data',
    operation: 'createTranscription',
    path: '/v1/projects/{project}/openai/v1/audio/transcriptions',
    summary: 'The text of a recording',
  },
  {
    ...openai,
    method: 'GET',
    operation: 'listOpenAIModels',
    path: '/v1/projects/{project}/openai/v1/models',
    summary: 'The models that the project may ask for, in the dialect of OpenAI',
  },
  {
    ...openai,
    method: 'GET',
    operation: 'getOpenAIModel',
    path: '/v1/projects/{project}/openai/v1/models/{model}',
    slashes: true,
    summary: 'A model that the project may ask for, in the dialect of OpenAI',
  },
  {
    ...anthropic,
    ...json,
    operation: 'createMessage',
    path: '/v1/projects/{project}/anthropic/v1/messages',
    summary: 'A message of a model, in the dialect of Anthropic',
    streams: true,
  },
  {
    ...anthropic,
    ...json,
    operation: 'countMessageTokens',
    path: '/v1/projects/{project}/anthropic/v1/messages/count_tokens',
    summary: 'About how many tokens a message has',
    description: 'An estimate of this process, not metered: no provider is asked.',
  },
  {
    ...anthropic,
    method: 'GET',
    operation: 'listAnthropicModels',
    path: '/v1/projects/{project}/anthropic/v1/models',
    summary: 'The models that the project may ask for, in the dialect of Anthropic',
  },
  {
    ...anthropic,
    method: 'GET',
    operation: 'getAnthropicModel',
    path: '/v1/projects/{project}/anthropic/v1/models/{model}',
    slashes: true,
    summary: 'A model that the project may ask for, in the dialect of Anthropic',
  },
] as const satisfies readonly GatewayRoute[]
