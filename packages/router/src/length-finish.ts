import type { Operation } from './read-request.ts'

/** How a dialect says that the answer is as long as it may be. */
export function lengthFinish(operation: Operation): string {
  const event = (data: object, type?: string) => `${type ? `event: ${type}\n` : ''}data: ${JSON.stringify(data)}\n\n`
  if (operation === 'messages') {
    const delta = { stop_reason: 'max_tokens', stop_sequence: null }
    return `${event({ type: 'message_delta', delta, usage: {} }, 'message_delta')}${event({ type: 'message_stop' }, 'message_stop')}`
  }
  if (operation === 'responses') {
    const response = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: [] }
    return event({ type: 'response.incomplete', response }, 'response.incomplete')
  }
  const choices = [{ index: 0, delta: {}, finish_reason: 'length' }]
  return `${event({ object: 'chat.completion.chunk', choices })}data: [DONE]\n\n`
}
