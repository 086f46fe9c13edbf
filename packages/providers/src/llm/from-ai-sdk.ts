import { CoreError } from '@core/foundation'
import { createModelDriver } from './from-model.ts'
import type { EmbeddingModelLike, LanguageModelLike, TranscriptionModelLike } from './model-like.ts'
import type { Target } from './target.ts'

export interface FromModelOptions {
  /** As it is priced. Default: what the model calls its provider, up to the first dot. */
  readonly provider?: string
  readonly embedding?: EmbeddingModelLike
  readonly transcription?: TranscriptionModelLike
}

/**
 * A target of `createLlm` from any model of AI SDK (V3 or V4). A model's name is refused: the SDK would send it to a
 * gateway of its maker.
 * @throws CoreError E_INVALID
 */
export function fromModel(
  model: LanguageModelLike,
  { provider, embedding, transcription }: FromModelOptions = {},
): Target {
  if (typeof model === 'string') {
    throw new CoreError('E_INVALID', 'a model is an object of a provider, not a name', {
      fix: "Pass createOpenAICompatible({ … }).chatModel('name').",
    })
  }
  const driver = createModelDriver({
    name: provider ?? model.provider.split('.')[0] ?? model.provider,
    dialect: 'ai-sdk',
    hears: () => false,
    language: () => model,
    ...(embedding === undefined ? {} : { embedding: () => embedding }),
    ...(transcription === undefined ? {} : { transcription: () => transcription }),
  })
  return {
    driver,
    model: model.modelId,
    ...(embedding === undefined ? {} : { embeddingModel: embedding.modelId }),
    ...(transcription === undefined ? {} : { transcriptionModel: transcription.modelId }),
  }
}
