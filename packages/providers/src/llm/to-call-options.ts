import type { ModelRequest } from './driver.ts'
import type { Message, Part } from './message.ts'
import type { CallOptionsLike, FilePartLike, MessageLike } from './model-like.ts'

/** The bytes of a file as the version of the model takes them. */
type ToData<Data> = (bytes: Uint8Array) => Data

/** A request in the form of AI SDK's models. */
export function toCallOptions<Data>(
  request: ModelRequest,
  toData: ToData<Data>,
  abortSignal: AbortSignal,
): CallOptionsLike<Data> {
  const { system, messages, tools, responseFormat, maxOutputTokens, settings } = request
  return {
    prompt: [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      ...messages.map((message) => toMessage(message, toData)),
    ],
    ...settings,
    maxOutputTokens,
    abortSignal,
    ...(responseFormat === undefined ? {} : { responseFormat: { ...responseFormat } }),
    ...(tools === undefined || tools.length === 0
      ? {}
      : { tools: tools.map((tool) => ({ type: 'function' as const, ...tool })) }),
  }
}

function toMessage<Data>(message: Message, toData: ToData<Data>): MessageLike<Data> {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: toParts(message.content).map((part) => toPart(part, toData)) }
    case 'assistant':
      return {
        role: 'assistant',
        content: [
          ...(message.content === '' ? [] : [{ type: 'text' as const, text: message.content }]),
          ...(message.toolCalls ?? []).map(({ id, name, input }) => ({
            type: 'tool-call' as const,
            toolCallId: id,
            toolName: name,
            input,
          })),
        ],
      }
    case 'tool': {
      const value = typeof message.result === 'string' ? message.result : (JSON.stringify(message.result) ?? 'null')
      const output = { type: 'text' as const, value }
      return {
        role: 'tool',
        content: [{ type: 'tool-result', toolCallId: message.id, toolName: message.name, output }],
      }
    }
    default:
      return message satisfies never
  }
}

function toParts(content: string | readonly Part[]): readonly Part[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

function toPart<Data>(part: Part, toData: ToData<Data>): FilePartLike<Data> | { type: 'text'; text: string } {
  return part.type === 'text' ? { ...part } : { type: 'file', mediaType: part.mediaType, data: toData(part.data) }
}
