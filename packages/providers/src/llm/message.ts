/** Text, or bytes with their media type, as `image/png`, `audio/wav` or `application/pdf`. */
export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'file'; readonly data: Uint8Array; readonly mediaType: string }

export interface ToolCall {
  readonly id: string
  readonly name: string
  /** As the model wrote it: JSON, not yet checked against the tool's schema. */
  readonly input: unknown
}

export type Message =
  | { readonly role: 'user'; readonly content: string | readonly Part[] }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly id: string; readonly name: string; readonly result: unknown }

export interface Tool {
  readonly name: string
  readonly description?: string
  /** A JSON Schema of an object. */
  readonly inputSchema: Readonly<Record<string, unknown>>
}

export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json'; readonly schema?: Readonly<Record<string, unknown>> }

export interface ChatRequest {
  readonly messages: readonly Message[]
  readonly system?: string
  readonly tools?: readonly Tool[]
  readonly responseFormat?: ResponseFormat
  readonly maxOutputTokens: number
  /** Of the first provider; fallbacks use their own. */
  readonly model?: string
}

/** `length`: the limit of output ended it. `filtered`: the provider withheld the rest. */
export type Finish = 'stop' | 'length' | 'tool_calls' | 'filtered' | 'other'

/** The text of a request, for an estimate of its tokens. */
export function textOf({ messages, system, tools }: ChatRequest): string {
  const texts = messages.map((message) => {
    if (message.role === 'tool') return JSON.stringify(message.result) ?? ''
    if (message.role === 'assistant') return `${message.content} ${JSON.stringify(message.toolCalls ?? [])}`
    if (typeof message.content === 'string') return message.content
    return message.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
  })
  return [system ?? '', ...texts, tools === undefined ? '' : JSON.stringify(tools)].join('\n')
}

/** The files of a request, for an estimate of their tokens. */
export function filesOf({ messages }: ChatRequest): readonly Extract<Part, { type: 'file' }>[] {
  return messages.flatMap((message) =>
    message.role === 'user' && typeof message.content !== 'string'
      ? message.content.filter((part) => part.type === 'file')
      : [],
  )
}
