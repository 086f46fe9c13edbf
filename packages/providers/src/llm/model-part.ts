import { isObject } from '@core/foundation'
import type { ModelDelta } from './driver.ts'
import type { Finish } from './message.ts'
import type { FinishLike, UsageLike } from './model-like.ts'
import { providerError, statusError, toProviderError } from './provider-error.ts'

interface FinishPart {
  readonly type: 'finish'
  readonly finishReason: FinishLike
  readonly usage: UsageLike
}

export function isFinishPart(part: object): part is FinishPart {
  return 'type' in part && part.type === 'finish' && 'finishReason' in part && 'usage' in part
}

/**
 * A part of an answer or of a stream of AI SDK's models; undefined for parts that are not needed here.
 * @throws CoreError E_PROVIDER for a part that reports an error.
 */
export function toDelta(part: object, provider: string): Exclude<ModelDelta, { type: 'end' }> | undefined {
  const { type, text, delta, toolCallId, toolName, input, error }: Record<string, unknown> = { ...part }
  switch (type) {
    case 'text':
    case 'text-delta':
      return { type: 'text', text: String(text ?? delta ?? '') }
    case 'reasoning':
    case 'reasoning-delta':
      return { type: 'reasoning', text: String(text ?? delta ?? '') }
    case 'tool-call':
      return { type: 'tool_call', call: { id: String(toolCallId), name: String(toolName), input: parseInput(input) } }
    case 'error':
      throw toStreamError(provider, error)
    default:
      return undefined
  }
}

/** @throws CoreError E_PROVIDER where the provider ended the answer because of an error. */
export function toFinish({ unified }: FinishLike, provider: string): Finish {
  switch (unified) {
    case 'stop':
    case 'length':
      return unified
    case 'tool-calls':
      return 'tool_calls'
    case 'content-filter':
      return 'filtered'
    case 'error':
    case 'interrupted':
      throw providerError('unavailable', `${provider} ended the answer with an error`, { provider, sent: true })
    default:
      return 'other'
  }
}

/** Models write JSON; what is none is passed on as they wrote it, for the caller to refuse. */
function parseInput(input: unknown): unknown {
  if (typeof input !== 'string') return input
  try {
    return JSON.parse(input === '' ? '{}' : input)
  } catch {
    return input
  }
}

/** The error event of a stream: a vendor's error, or the provider's own JSON or text. */
function toStreamError(provider: string, error: unknown): Error {
  if (error instanceof Error && !/overloaded/i.test(error.message)) return toProviderError(provider, error)
  const text = error instanceof Error ? error.message : isObject(error) ? JSON.stringify(error) : String(error)
  const status = /overloaded/i.test(text) ? 529 : /rate_limit/i.test(text) ? 429 : 500
  return statusError(provider, status, undefined, text.slice(0, 4_000))
}
