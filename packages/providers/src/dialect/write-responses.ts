import { type AnswerFacts, type DialectWriter, toEvent } from './dialect-writer.ts'

/** OpenAI's Responses: texts. */
export function createResponsesWriter({ id, model, created, more: facts }: AnswerFacts): DialectWriter {
  const itemId = `msg_${id}`
  const part = (text: string) => ({ type: 'output_text', text, annotations: [] })
  const item = (status: string, content: readonly object[]) => ({
    id: itemId,
    type: 'message',
    role: 'assistant',
    status,
    content,
  })
  const response = (status: string, more: object = {}) => ({
    id,
    object: 'response',
    created_at: created,
    model,
    status,
    output: [],
    error: null,
    incomplete_details: null,
    ...facts,
    ...more,
  })
  const whole = (content: string, isCut: boolean, usage: object | undefined) =>
    response(isCut ? 'incomplete' : 'completed', {
      output: [item(isCut ? 'incomplete' : 'completed', [part(content)])],
      ...(isCut && { incomplete_details: { reason: 'max_output_tokens' } }),
      ...(usage && { usage }),
    })

  return {
    whole: ({ content, finish }, usage) => whole(content, finish === 'length', usage),
    stream() {
      const at = { item_id: itemId, output_index: 0, content_index: 0 }
      let number = 0
      let content = ''
      const event = (type: string, data: object) => toEvent({ type, ...data, sequence_number: number++ }, type)
      return {
        begin: () => [
          event('response.created', { response: response('in_progress') }),
          event('response.output_item.added', { output_index: 0, item: item('in_progress', []) }),
          event('response.content_part.added', { ...at, part: part('') }),
        ],
        delta(delta) {
          if (delta.type !== 'text') return []
          content += delta.text
          return [event('response.output_text.delta', { ...at, delta: delta.text, logprobs: [] })]
        },
        end(finish, usage) {
          const isCut = finish === 'length'
          const done = item(isCut ? 'incomplete' : 'completed', [part(content)])
          return [
            event('response.output_text.done', { ...at, text: content, logprobs: [] }),
            event('response.content_part.done', { ...at, part: part(content) }),
            event('response.output_item.done', { output_index: 0, item: done }),
            event(isCut ? 'response.incomplete' : 'response.completed', { response: whole(content, isCut, usage) }),
          ]
        },
      }
    },
  }
}
