import type { Finish, ToolCall } from '../llm/message.ts'
import { type AnswerFacts, type DialectWriter, toEvent } from './dialect-writer.ts'

const stops: Readonly<Record<Finish, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  filtered: 'refusal',
  other: 'end_turn',
}

/** Anthropic's Messages. The usage of a stream is in its first event, where it is known then, and in its last but one. */
export function createMessagesWriter({ id, model }: AnswerFacts): DialectWriter {
  const message = { id, type: 'message', role: 'assistant', model, stop_sequence: null }
  const event = (type: string, data: object) => toEvent({ type, ...data }, type)

  return {
    whole({ content, toolCalls, finish }, usage) {
      const text = content === '' ? [] : [{ type: 'text', text: content }]
      const blocks = [...text, ...toolCalls.map((call) => ({ ...toBlock(call), input: call.input ?? {} }))]
      return { ...message, content: blocks, stop_reason: stops[finish], ...(usage && { usage }) }
    },
    stream() {
      let index = -1
      let open: 'text' | 'thinking' | undefined
      const close = () => {
        if (open === undefined) return []
        open = undefined
        return [event('content_block_stop', { index })]
      }
      const start = (block: object) => event('content_block_start', { index: ++index, content_block: block })
      const change = (delta: object) => event('content_block_delta', { index, delta })
      const write = (type: 'text' | 'thinking', text: string) => {
        const opened = open === type ? [] : [...close(), start({ type, [type]: '' })]
        open = type
        return [...opened, change({ type: `${type}_delta`, [type]: text })]
      }
      return {
        begin: (usage) => [
          event('message_start', { message: { ...message, content: [], stop_reason: null, ...(usage && { usage }) } }),
        ],
        delta(part) {
          if (part.type === 'text') return write('text', part.text)
          if (part.type === 'reasoning') return write('thinking', part.text)
          const input = typeof part.call.input === 'string' ? part.call.input : JSON.stringify(part.call.input ?? {})
          return [
            ...close(),
            start({ ...toBlock(part.call), input: {} }),
            change({ type: 'input_json_delta', partial_json: input }),
            event('content_block_stop', { index }),
          ]
        },
        end: (finish, usage) => [
          ...close(),
          event('message_delta', {
            delta: { stop_reason: stops[finish], stop_sequence: null },
            ...(usage && { usage }),
          }),
          event('message_stop', {}),
        ],
      }
    },
  }
}

function toBlock({ id, name }: ToolCall) {
  return { type: 'tool_use', id, name }
}
