import { isObject } from '@core/foundation'
import type { CallSettings, ModelRequest } from '../llm/driver.ts'
import type { Message, Part, Tool, ToolCall } from '../llm/message.ts'
import {
  type Json,
  numberOf,
  objectsOf,
  present,
  readDataUrl,
  refuseField,
  stringsOf,
  textOf,
  toContent,
  toFile,
} from './read-parts.ts'

/**
 * A body of Chat Completions as a driver takes it.
 * @throws CoreError E_PROVIDER, reason unsupported, for what drivers have no word for.
 */
export function readChatRequest(body: Json, model: string, defaultMaxTokens: number): ModelRequest {
  if (numberOf(body['n']) !== undefined && body['n'] !== 1) refuseField('n other than 1')
  if (body['logprobs'] === true) refuseField('logprobs')
  if (isObject(body['web_search_options'])) refuseField('web_search_options')
  const entries = objectsOf(body['messages'])
  const isSystem = ({ role }: Json) => role === 'system' || role === 'developer'
  const system = entries.filter(isSystem).map(({ content }) => textOf(content))
  const names = new Map<string, string>()
  const messages = entries.filter((entry) => !isSystem(entry)).map((entry) => toMessage(entry, names))
  const tools = objectsOf(body['tools']).map(toTool)
  return {
    model,
    messages,
    maxOutputTokens: numberOf(body['max_completion_tokens'] ?? body['max_tokens']) ?? defaultMaxTokens,
    settings: settingsOf(body),
    ...(system.length > 0 && { system: system.join('\n') }),
    ...(tools.length > 0 && { tools }),
    ...readFormat(body['response_format']),
  }
}

function toMessage({ role, content, tool_calls, tool_call_id }: Json, names: Map<string, string>): Message {
  if (role === 'tool') {
    const id = String(tool_call_id)
    return { role, id, name: names.get(id) ?? 'tool', result: textOf(content) }
  }
  if (role !== 'assistant')
    return { role: 'user', content: typeof content === 'string' ? content : toContent(objectsOf(content).map(toPart)) }
  const toolCalls = objectsOf(tool_calls).map(toToolCall)
  for (const { id, name } of toolCalls) names.set(id, name)
  return { role, content: textOf(content), ...(toolCalls.length > 0 && { toolCalls }) }
}

function toPart({ type, text, image_url, input_audio, file }: Json): Part {
  if (typeof text === 'string') return { type: 'text', text }
  if (type === 'image_url') return readDataUrl(isObject(image_url) ? image_url['url'] : image_url, 'an image')
  if (isObject(input_audio)) return toFile(String(input_audio['data']), `audio/${input_audio['format']}`)
  if (isObject(file)) return readDataUrl(file['file_data'], 'a file')
  return refuseField(`a part of the type ${type}`)
}

function toToolCall({ id, function: called }: Json): ToolCall {
  const { name, arguments: input }: Json = isObject(called) ? called : {}
  return { id: String(id), name: String(name), input: parse(input) }
}

function toTool({ type, function: described }: Json): Tool {
  if (type !== 'function' || !isObject(described)) return refuseField(`a tool of the type ${type}`)
  const { name, description, parameters } = described
  return {
    name: String(name),
    inputSchema: isObject(parameters) ? parameters : { type: 'object', properties: {} },
    ...(typeof description === 'string' && { description }),
  }
}

function readFormat(format: unknown): Pick<ModelRequest, 'responseFormat'> {
  if (!isObject(format) || format['type'] === 'text' || format['type'] === undefined) return {}
  const schema = isObject(format['json_schema']) ? format['json_schema']['schema'] : undefined
  return { responseFormat: { type: 'json', ...(isObject(schema) && { schema }) } }
}

function settingsOf(body: Json): CallSettings {
  return present({
    temperature: numberOf(body['temperature']),
    topP: numberOf(body['top_p']),
    seed: numberOf(body['seed']),
    presencePenalty: numberOf(body['presence_penalty']),
    frequencyPenalty: numberOf(body['frequency_penalty']),
    stopSequences: stringsOf(body['stop']),
    toolChoice: choiceOf(body['tool_choice']),
  })
}

function choiceOf(choice: unknown): CallSettings['toolChoice'] {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { type: choice }
  const called = isObject(choice) ? choice['function'] : undefined
  return isObject(called) ? { type: 'tool', toolName: String(called['name']) } : undefined
}

/** Models write JSON; what is none passes as they wrote it. */
function parse(input: unknown): unknown {
  if (typeof input !== 'string') return input
  try {
    return JSON.parse(input === '' ? '{}' : input)
  } catch {
    return input
  }
}
