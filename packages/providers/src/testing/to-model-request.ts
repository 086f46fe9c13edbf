import { isObject } from '@core/foundation'
import type { ModelRequest } from '../llm/driver.ts'
import type { Message, Part } from '../llm/message.ts'

/** A request in either dialect as the local model takes it: roles, texts and audio. */
export function toModelRequest(body: Readonly<Record<string, unknown>>, model: string, limit: unknown): ModelRequest {
  const entries = (Array.isArray(body['messages']) ? body['messages'] : []).filter(isObject)
  const system = [body['system'], ...entries.filter(({ role }) => role === 'system').map(({ content }) => content)]
    .map(textOf)
    .filter((text) => text !== '')
  const messages = entries.filter(({ role }) => role !== 'system').map(toMessage)
  const format = body['response_format']
  const schema = isObject(format) && isObject(format['json_schema']) ? format['json_schema']['schema'] : undefined
  return {
    model,
    messages,
    maxOutputTokens: typeof limit === 'number' ? limit : 4_096,
    ...(system.length === 0 ? {} : { system: system.join('\n') }),
    ...(isObject(format) && format['type'] !== 'text'
      ? { responseFormat: { type: 'json', ...(isObject(schema) ? { schema } : {}) } }
      : {}),
  }
}

function toMessage({ role, content }: Readonly<Record<string, unknown>>): Message {
  if (role === 'assistant') return { role, content: textOf(content) }
  const files = (Array.isArray(content) ? content : []).filter(isObject).flatMap(toFile)
  const text = textOf(content)
  return { role: 'user', content: files.length === 0 ? text : [{ type: 'text', text }, ...files] }
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part) => (isObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('')
}

function toFile(part: Readonly<Record<string, unknown>>): Part[] {
  const audio = part['input_audio']
  if (!isObject(audio) || typeof audio['data'] !== 'string') return []
  return [
    { type: 'file', data: new Uint8Array(Buffer.from(audio['data'], 'base64')), mediaType: `audio/${audio['format']}` },
  ]
}
