import type { Finish, ToolCall } from '../llm/message.ts'
import { type AnswerFacts, type DialectWriter, toEvent } from './dialect-writer.ts'

const finishes: Readonly<Record<Finish, string>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  filtered: 'content_filter',
  other: 'stop',
}

/** OpenAI's Chat Completions. Usage is the last event of a stream, where it is given. */
export function createChatWriter({ id, model, created }: AnswerFacts): DialectWriter {
  const chunk = (choices: readonly object[], more: object = {}) =>
    toEvent({ id, object: 'chat.completion.chunk', created, model, choices, ...more })
  const delta = (value: object, finish: string | null = null) =>
    chunk([{ index: 0, delta: value, finish_reason: finish }])

  return {
    whole({ content, toolCalls, finish }, usage) {
      const isSilent = content === '' && toolCalls.length > 0
      const calls = toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map(toCall) }
      const message = { role: 'assistant', content: isSilent ? null : content, refusal: null, ...calls }
      const choices = [{ index: 0, message, finish_reason: finishes[finish], logprobs: null }]
      return { id, object: 'chat.completion', created, model, choices, ...(usage && { usage }) }
    },
    stream() {
      let calls = 0
      return {
        begin: () => [delta({ role: 'assistant', content: '' })],
        delta(part) {
          if (part.type === 'text') return [delta({ content: part.text })]
          if (part.type === 'reasoning') return [delta({ reasoning_content: part.text })]
          return [delta({ tool_calls: [{ index: calls++, ...toCall(part.call) }] })]
        },
        end: (finish, usage) => [
          delta({}, finishes[finish]),
          ...(usage === undefined ? [] : [chunk([], { usage })]),
          'data: [DONE]\n\n',
        ],
      }
    },
  }
}

function toCall({ id, name, input }: ToolCall): object {
  const text = typeof input === 'string' ? input : JSON.stringify(input ?? {})
  return { id, type: 'function', function: { name, arguments: text } }
}
