import { isObject } from '@core/foundation'
import type { ModelRequest } from '../llm/driver.ts'
import type { Message } from '../llm/message.ts'
import { type Json, numberOf, objectsOf, refuseField, textOf } from './read-parts.ts'

/**
 * A body of Responses as a driver takes it: its texts.
 * @throws CoreError E_PROVIDER, reason unsupported, for a response before it: drivers keep none.
 */
export function readResponsesRequest(body: Json, model: string, defaultMaxTokens: number): ModelRequest {
  const { input, instructions, text, previous_response_id } = body
  if (typeof previous_response_id === 'string') refuseField('previous_response_id')
  const format = isObject(text) ? text['format'] : undefined
  const isJson = isObject(format) && format['type'] !== 'text' && format['type'] !== undefined
  return {
    model,
    messages: typeof input === 'string' ? [{ role: 'user', content: input }] : objectsOf(input).map(toMessage),
    maxOutputTokens: numberOf(body['max_output_tokens']) ?? defaultMaxTokens,
    ...(typeof instructions === 'string' && { system: instructions }),
    ...(isJson && {
      responseFormat: { type: 'json' as const, ...(isObject(format['schema']) && { schema: format['schema'] }) },
    }),
  }
}

function toMessage({ role, content, output }: Json): Message {
  return { role: role === 'assistant' ? role : 'user', content: textOf(content ?? output) }
}
