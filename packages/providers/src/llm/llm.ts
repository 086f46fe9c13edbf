import type { CallOptions } from '@core/foundation'
import type { Cost } from '../price/cost.ts'
import type { Usage } from '../price/usage.ts'
import type { ChatRequest, Finish, ToolCall } from './message.ts'

export interface LlmCallOptions extends CallOptions {
  /** By which a roll-out of the flag `providers.llm` is shared out: a user, a job, a tenant. */
  readonly unit?: string | undefined
  /** The configured provider to begin with, before what the flag says. */
  readonly provider?: string | undefined
}

/** What every call ends with. */
export interface CallReport {
  readonly usage: Usage
  readonly cost: Cost
  /** The provider reported no usage, or one that cannot be right: the estimate is charged. */
  readonly estimated: boolean
  readonly provider: string
  readonly model: string
  /** Requests that were sent, the successful one included. */
  readonly attempts: number
}

export interface ChatAnswer extends CallReport {
  readonly content: string
  readonly toolCalls: readonly ToolCall[]
  readonly finish: Finish
}

/** The last delta is the answer, with the whole content. */
export type ChatDelta =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'tool_call'; readonly call: ToolCall }
  | ({ readonly type: 'answer' } & ChatAnswer)

export interface AudioRequest {
  /** Bytes, or a URL that the dependency `readFile` may read. */
  readonly audio: Uint8Array | string
  readonly mediaType?: string
  /** What the audio is compared with. */
  readonly reference?: Uint8Array | string
  readonly history?: ChatRequest['messages']
  readonly system?: string
  readonly prompt?: string
  readonly maxOutputTokens: number
}

export interface Transcript extends CallReport {
  readonly text: string
}

export interface Embeddings extends CallReport {
  readonly vectors: readonly (readonly number[])[]
}

export interface AudioAnswer extends ChatAnswer {
  /** Where the model takes no audio: what was transcribed first (the recording, then the reference), and what that cost. */
  readonly transcripts?: readonly Transcript[]
}

/** Calls models. Every failure is a CoreError: E_PROVIDER with `details.reason`, E_TIMEOUT, E_ABORTED, E_INVALID. */
export interface Llm {
  chat(request: ChatRequest, options?: LlmCallOptions): Promise<ChatAnswer>
  stream(request: ChatRequest, options?: LlmCallOptions): AsyncGenerator<ChatDelta, void, undefined>
  analyzeAudio(request: AudioRequest, options?: LlmCallOptions): Promise<AudioAnswer>
  transcribe(
    request: {
      readonly audio: Uint8Array
      readonly mediaType: string
      readonly language?: string
      readonly model?: string
    },
    options?: LlmCallOptions,
  ): Promise<Transcript>
  embed(
    request: { readonly texts: readonly string[]; readonly dimensions?: number; readonly model?: string },
    options?: LlmCallOptions,
  ): Promise<Embeddings>
  /** What a call may cost at most: the prompt's estimate and the whole output. For the size of a hold. */
  estimate(
    request: ChatRequest,
    options?: Pick<LlmCallOptions, 'unit' | 'provider'>,
  ): { readonly usage: Usage; readonly cost: Cost; readonly provider: string; readonly model: string }
  /** One short chat with each configured provider, without retries. */
  probe(options?: CallOptions): Promise<readonly Probe[]>
}

export interface Probe {
  readonly provider: string
  readonly ok: boolean
  /** Of the failure: `auth`, `unavailable`, … */
  readonly reason?: string
  readonly latencyMs: number
}
