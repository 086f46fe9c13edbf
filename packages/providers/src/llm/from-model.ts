import type { Driver, ModelAnswer, ModelDelta, ModelRequest, UsageDialect } from './driver.ts'
import type { ToolCall } from './message.ts'
import type {
  EmbeddingModelLike,
  FileDataV4,
  LanguageModelLike,
  TranscriptionModelLike,
  UsageLike,
} from './model-like.ts'
import { isFinishPart, toDelta, toFinish } from './model-part.ts'
import { providerError, toProviderError } from './provider-error.ts'
import { toCallOptions } from './to-call-options.ts'

export interface ModelSource {
  readonly name: string
  /** Where the provider's own JSON is passed on as `usage.raw`. */
  readonly dialect: UsageDialect
  readonly hears: (mediaType: string) => boolean
  readonly language: (model: string) => LanguageModelLike
  readonly embedding?: (model: string) => EmbeddingModelLike
  readonly transcription?: (model: string) => TranscriptionModelLike
  readonly transcribe?: Driver['transcribe']
}

/** A driver over models of AI SDK. */
export function createModelDriver(source: ModelSource): Driver {
  const { name, dialect, hears } = source
  const usageOf = (usage: UsageLike): unknown => (dialect === 'ai-sdk' ? usage : usage.raw)
  const unsupported = (what: string) =>
    providerError('unsupported', `${name} does not ${what}`, { provider: name, sent: false })

  /** Runs one call; a failure after the signal has aborted is the signal's. */
  async function attempt<Value>(signal: AbortSignal, call: () => PromiseLike<Value>): Promise<Value> {
    signal.throwIfAborted()
    try {
      return await call()
    } catch (error) {
      signal.throwIfAborted()
      throw toProviderError(name, error)
    }
  }

  return {
    name,
    dialect,
    hears,

    async chat(request, signal): Promise<ModelAnswer> {
      const model = source.language(request.model)
      const { content, finishReason, usage } = await attempt(signal, () => generate(model, request, signal))
      let text = ''
      const toolCalls: ToolCall[] = []
      for (const part of content) {
        const delta = toDelta(part, name)
        if (delta?.type === 'text') text += delta.text
        if (delta?.type === 'tool_call') toolCalls.push(delta.call)
      }
      return { content: text, toolCalls, finish: toFinish(finishReason, name), usage: usageOf(usage) }
    },

    async *stream(request, signal): AsyncGenerator<ModelDelta, void, undefined> {
      // Leaving the loop must end the request, which cancelling the SDK's stream does not always do.
      const left = new AbortController()
      const both = AbortSignal.any([signal, left.signal])
      const model = source.language(request.model)
      try {
        const { stream } = await attempt(signal, () => openStream(model, request, both))
        const reader = stream.getReader()
        for (;;) {
          const { done, value } = await attempt(signal, () => reader.read())
          // An end without a finish: the connection was cut, or the provider gave up.
          if (done) throw providerError('unavailable', `${name} ended the stream early`, { provider: name, sent: true })
          const delta = isFinishPart(value)
            ? { type: 'end' as const, finish: toFinish(value.finishReason, name), usage: usageOf(value.usage) }
            : toDelta(value, name)
          if (delta !== undefined) yield delta
          if (delta?.type === 'end') return
        }
      } finally {
        left.abort(new DOMException('the reader has left', 'AbortError'))
      }
    },

    async embed({ model, texts, dimensions }, signal) {
      if (source.embedding === undefined) throw unsupported('make embeddings')
      const embedding = source.embedding(model)
      const size = dimensions === undefined ? {} : { dimensions }
      const { embeddings, usage } = await attempt(signal, () =>
        embedding.doEmbed({ values: [...texts], abortSignal: signal, ...size }),
      )
      if (embeddings.length !== texts.length) {
        throw providerError('malformed', `${name} answered ${embeddings.length} vectors for ${texts.length} texts`, {
          provider: name,
          sent: true,
        })
      }
      return {
        vectors: embeddings,
        usage: usage === undefined ? undefined : { prompt_tokens: usage.tokens, completion_tokens: 0 },
      }
    },

    async transcribe(request, signal) {
      const own = source.transcribe
      if (own !== undefined) return await attempt(signal, () => own(request, signal))
      if (source.transcription === undefined) throw unsupported('transcribe audio')
      const transcription = source.transcription(request.model)
      const { audio, mediaType } = request
      const { text, durationInSeconds } = await attempt(signal, () =>
        transcription.doGenerate({ audio, mediaType, abortSignal: signal }),
      )
      return {
        text,
        usage: durationInSeconds === undefined ? undefined : { type: 'duration', seconds: durationInSeconds },
      }
    },
  }
}

const toV3 = (bytes: Uint8Array) => bytes
const toV4 = (data: Uint8Array): FileDataV4 => ({ type: 'data', data })

function generate(model: LanguageModelLike, request: ModelRequest, signal: AbortSignal) {
  if (model.specificationVersion === 'v3') return model.doGenerate(toCallOptions(request, toV3, signal))
  return model.doGenerate(toCallOptions(request, toV4, signal))
}

function openStream(model: LanguageModelLike, request: ModelRequest, signal: AbortSignal) {
  if (model.specificationVersion === 'v3') return model.doStream(toCallOptions(request, toV3, signal))
  return model.doStream(toCallOptions(request, toV4, signal))
}
