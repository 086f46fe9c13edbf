import type { ChatRequest, Finish, ToolCall } from './message.ts'

/** A chat request for one model. */
export interface ModelRequest extends ChatRequest {
  readonly model: string
  /** What a client of a dialect asks for besides. */
  readonly settings?: CallSettings
}

/** As AI SDK's models name them. */
export interface CallSettings {
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly seed?: number
  readonly presencePenalty?: number
  readonly frequencyPenalty?: number
  readonly stopSequences?: string[]
  readonly toolChoice?: { type: 'auto' | 'none' | 'required' } | { type: 'tool'; toolName: string }
}

/** What one attempt gave. `usage` is the provider's own JSON, not yet checked. */
export interface ModelAnswer {
  readonly content: string
  readonly toolCalls: readonly ToolCall[]
  readonly finish: Finish
  readonly usage: unknown
}

/** `reasoning` is output that is not part of the answer. */
export type ModelDelta =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'tool_call'; readonly call: ToolCall }
  | { readonly type: 'end'; readonly finish: Finish; readonly usage: unknown }

export interface EmbedRequest {
  readonly model: string
  readonly texts: readonly string[]
  readonly dimensions?: number
}

export interface TranscribeRequest {
  readonly model: string
  readonly audio: Uint8Array
  readonly mediaType: string
  /** ISO 639-1, where it is known. */
  readonly language?: string
}

/** How `usage` is written: OpenAI's input includes what was cached, Anthropic's excludes it. */
export type UsageDialect = 'openai' | 'anthropic' | 'ai-sdk'

/**
 * One provider, one attempt per call: no retries, no fallback, no deadline but the signal. Fails with E_PROVIDER. A stream
 * ends with `end` or throws; leaving its loop ends the request.
 */
export interface Driver {
  readonly name: string
  readonly dialect: UsageDialect
  /** Whether its chat takes audio of this media type. */
  hears(mediaType: string): boolean
  chat(request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer>
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelDelta>
  embed(
    request: EmbedRequest,
    signal: AbortSignal,
  ): Promise<{ readonly vectors: readonly (readonly number[])[]; readonly usage: unknown }>
  transcribe(
    request: TranscribeRequest,
    signal: AbortSignal,
  ): Promise<{ readonly text: string; readonly usage: unknown }>
}
