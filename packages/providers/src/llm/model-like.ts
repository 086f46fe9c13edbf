import type { CallSettings } from './driver.ts'

/**
 * The models of AI SDK (specifications V3 and V4), as far as they are called here. Structural, so that no package of the
 * SDK is needed to pass one.
 */
export type LanguageModelLike = ModelOf<'v3', Uint8Array> | ModelOf<'v4', FileDataV4>

interface ModelOf<Version extends string, Data> {
  readonly specificationVersion: Version
  readonly provider: string
  readonly modelId: string
  doGenerate(options: CallOptionsLike<Data>): PromiseLike<GenerateResultLike>
  doStream(options: CallOptionsLike<Data>): PromiseLike<{ readonly stream: ReadableStream<StreamPartLike> }>
}

export interface FileDataV4 {
  type: 'data'
  data: Uint8Array
}

export interface EmbeddingModelLike {
  readonly specificationVersion: 'v3' | 'v4'
  readonly modelId: string
  doEmbed(options: {
    values: string[]
    dimensions?: number
    abortSignal?: AbortSignal
  }): PromiseLike<{ embeddings: number[][]; usage?: { tokens: number } | undefined }>
}

export interface TranscriptionModelLike {
  readonly specificationVersion: 'v3' | 'v4'
  readonly modelId: string
  doGenerate(options: {
    audio: Uint8Array
    mediaType: string
    abortSignal?: AbortSignal
  }): PromiseLike<{ text: string; durationInSeconds: number | undefined }>
}

export interface CallOptionsLike<Data> extends CallSettings {
  prompt: MessageLike<Data>[]
  maxOutputTokens?: number
  tools?: { type: 'function'; name: string; description?: string; inputSchema: object }[]
  responseFormat?: { type: 'text' } | { type: 'json'; schema?: object }
  abortSignal?: AbortSignal
}

export type MessageLike<Data> =
  | { role: 'system'; content: string }
  | { role: 'user'; content: (TextPartLike | FilePartLike<Data>)[] }
  | { role: 'assistant'; content: (TextPartLike | ToolCallPartLike)[] }
  | { role: 'tool'; content: ToolResultPartLike[] }

interface TextPartLike {
  type: 'text'
  text: string
}
export interface FilePartLike<Data> {
  type: 'file'
  mediaType: string
  data: Data
}
interface ToolCallPartLike {
  type: 'tool-call'
  toolCallId: string
  toolName: string
  input: unknown
}
interface ToolResultPartLike {
  type: 'tool-result'
  toolCallId: string
  toolName: string
  output: { type: 'text'; value: string }
}

export interface UsageLike {
  inputTokens: { total: number | undefined; cacheRead: number | undefined; cacheWrite: number | undefined }
  outputTokens: { total: number | undefined; reasoning: number | undefined }
  raw?: unknown
}

export interface FinishLike {
  unified: string
}

export interface GenerateResultLike {
  content: readonly { type: string }[]
  finishReason: FinishLike
  usage: UsageLike
}

export interface StreamPartLike {
  type: string
}
