import { isObject } from '@core/foundation'
import type { CallSettings, ModelRequest } from '../llm/driver.ts'
import type { Message, Part, Tool } from '../llm/message.ts'
import {
  type Json,
  numberOf,
  objectsOf,
  present,
  refuseField,
  stringsOf,
  textOf,
  toContent,
  toFile,
} from './read-parts.ts'

/**
 * A body of Anthropic's Messages as a driver takes it. Thinking of earlier turns is left out: it belongs to its provider.
 * @throws CoreError E_PROVIDER, reason unsupported, for what drivers have no word for.
 */
export function readMessagesRequest(body: Json, model: string, defaultMaxTokens: number): ModelRequest {
  const system = textOf(body['system'])
  const names = new Map<string, string>()
  const messages = objectsOf(body['messages']).flatMap((entry) => toMessages(entry, names))
  const tools = objectsOf(body['tools']).map(toTool)
  return {
    model,
    messages,
    maxOutputTokens: numberOf(body['max_tokens']) ?? defaultMaxTokens,
    settings: present({
      temperature: numberOf(body['temperature']),
      topP: numberOf(body['top_p']),
      topK: numberOf(body['top_k']),
      stopSequences: stringsOf(body['stop_sequences']),
      toolChoice: choiceOf(body['tool_choice']),
    }),
    ...(system !== '' && { system }),
    ...(tools.length > 0 && { tools }),
  }
}

/** A turn; results of tools, which are part of the user's turn here, come first. */
function toMessages({ role, content }: Json, names: Map<string, string>): Message[] {
  const blocks: readonly Json[] = typeof content === 'string' ? [{ type: 'text', text: content }] : objectsOf(content)
  const ofType = (type: string) => blocks.filter((block) => block['type'] === type)
  if (role === 'assistant') {
    const toolCalls = ofType('tool_use').map(({ id, name, input }) => ({ id: String(id), name: String(name), input }))
    for (const { id, name } of toolCalls) names.set(id, name)
    return [{ role, content: textOf(ofType('text')), ...(toolCalls.length > 0 && { toolCalls }) }]
  }
  const results = ofType('tool_result').map(({ tool_use_id, content: result }): Message => {
    const id = String(tool_use_id)
    return { role: 'tool', id, name: names.get(id) ?? 'tool', result: textOf(result) }
  })
  const parts = blocks.filter(({ type }) => type !== 'tool_result').map(toPart)
  return [...results, ...(parts.length === 0 ? [] : [{ role: 'user' as const, content: toContent(parts) }])]
}

function toPart({ type, text, source }: Json): Part {
  if (typeof text === 'string') return { type: 'text', text }
  if (!isObject(source)) return refuseField(`a block of the type ${type}`)
  const { type: form, data, media_type } = source
  if (form === 'text') return { type: 'text', text: String(data) }
  return form === 'base64' ? toFile(String(data), String(media_type)) : refuseField(`a ${type} by its address`)
}

function toTool({ type, name, description, input_schema }: Json): Tool {
  if (type !== undefined && type !== null && type !== 'custom') return refuseField(`a tool of the type ${type}`)
  return {
    name: String(name),
    inputSchema: isObject(input_schema) ? input_schema : { type: 'object', properties: {} },
    ...(typeof description === 'string' && { description }),
  }
}

function choiceOf(choice: unknown): CallSettings['toolChoice'] {
  if (!isObject(choice)) return undefined
  switch (choice['type']) {
    case 'auto':
    case 'none':
      return { type: choice['type'] }
    case 'any':
      return { type: 'required' }
    case 'tool':
      return { type: 'tool', toolName: String(choice['name']) }
    default:
      return undefined
  }
}
