import { CoreError, isObject } from '@core/foundation'
import type { ChatRequest, Finish, Message, Part, ToolCall } from '@core/providers/llm'

/** A request in the form of OpenAI's chat completions. */
export function toGatewayBody(request: ChatRequest, model: string): object {
  const { system, messages, tools, responseFormat, maxOutputTokens } = request
  return {
    model,
    messages: [...(system === undefined ? [] : [{ role: 'system', content: system }]), ...messages.map(toMessage)],
    max_completion_tokens: maxOutputTokens,
    ...(tools && {
      tools: tools.map(({ inputSchema, ...tool }) => ({
        type: 'function',
        function: { ...tool, parameters: inputSchema },
      })),
    }),
    ...(responseFormat?.type === 'json' && {
      response_format: responseFormat.schema
        ? { type: 'json_schema', json_schema: { name: 'answer', schema: responseFormat.schema } }
        : { type: 'json_object' },
    }),
  }
}

function toMessage(message: Message): object {
  if (message.role === 'tool') {
    return { role: 'tool', tool_call_id: message.id, content: toText(message.result) }
  }
  if (message.role === 'assistant') {
    const calls = message.toolCalls?.map(({ id, name, input }) => ({
      id,
      type: 'function',
      function: { name, arguments: toText(input) },
    }))
    return { role: 'assistant', content: message.content, ...(calls && { tool_calls: calls }) }
  }
  const { content } = message
  if (typeof content !== 'string' && !Array.isArray(content)) {
    throw new CoreError('E_INVALID', 'the content of a user message is neither a text nor a list of parts')
  }
  return { role: 'user', content: typeof content === 'string' ? content : content.map(toPart) }
}

function toPart(part: Part): object {
  if (part.type === 'text') return part
  const { mediaType } = part
  const data = toBase64(part.data)
  if (mediaType.startsWith('image/'))
    return { type: 'image_url', image_url: { url: `data:${mediaType};base64,${data}` } }
  if (mediaType.startsWith('audio/')) {
    return { type: 'input_audio', input_audio: { data, format: /wav/.test(mediaType) ? 'wav' : 'mp3' } }
  }
  return { type: 'file', file: { filename: 'file', file_data: `data:${mediaType};base64,${data}` } }
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null')
}

function toBase64(bytes: Uint8Array): string {
  let text = ''
  // In pieces: a call takes a bounded number of arguments.
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192))
  return btoa(text)
}

const finishes: Readonly<Record<string, Finish>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'filtered',
}

export function toFinish(reason: unknown): Finish {
  return finishes[String(reason)] ?? 'other'
}

/** Calls of tools as they come whole, or in the pieces of a stream. */
export function createToolCalls() {
  const calls = new Map<number, { id: string; name: string; text: string }>()
  return {
    add(pieces: unknown): void {
      for (const [place, piece] of (Array.isArray(pieces) ? pieces : []).entries()) {
        if (!isObject(piece)) continue
        const index = typeof piece['index'] === 'number' ? piece['index'] : place
        const call = calls.get(index) ?? { id: '', name: '', text: '' }
        const { name, arguments: text }: Record<string, unknown> = isObject(piece['function']) ? piece['function'] : {}
        if (typeof piece['id'] === 'string') call.id = piece['id']
        if (typeof name === 'string') call.name += name
        if (typeof text === 'string') call.text += text
        calls.set(index, call)
      }
    },
    get all(): readonly ToolCall[] {
      return [...calls.values()].map(({ id, name, text }) => ({ id, name, input: parse(text) }))
    },
  }
}

/** Models write JSON; what is none is passed on as they wrote it, for the caller to refuse. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text)
  } catch {
    return text
  }
}
