import { isObject } from '@core/foundation'
import { estimateTokens, type Usage } from '@core/providers/price'
import type { Operation } from './read-request.ts'

/** What was seen of an answer, for its price. */
export interface Seen {
  /** The provider's own JSON. */
  readonly usage: unknown
  /** Instead of it, of a translated answer: what the provider counted. */
  readonly counted?: { readonly usage: Usage | undefined } | undefined
  /** About how many tokens came out. */
  readonly outputTokens: number
  /** Of the web, which OpenAI does not count in its usage. */
  readonly searches?: number | undefined
}

export const nothingSeen: Seen = { usage: undefined, outputTokens: 0 }

type Json = Readonly<Record<string, unknown>>

/** What an answer that came whole was made of. */
export function readAnswer(operation: Operation, body: Json): Seen {
  const output =
    operation === 'embeddings'
      ? []
      : operation === 'transcription'
        ? [body['text']]
        : operation === 'messages'
          ? itemsOf(body['content'])
          : operation === 'responses'
            ? itemsOf(body['output'])
            : itemsOf(body['choices']).map((choice) => (isObject(choice) ? choice['message'] : undefined))
  const searches = operation === 'responses' ? itemsOf(body['output']).filter(isSearch).length : undefined
  return new SeenAnswer(body['usage'], output, searches)
}

class SeenAnswer implements Seen {
  readonly usage: unknown
  readonly searches: number | undefined
  readonly #output: readonly unknown[]

  constructor(usage: unknown, output: readonly unknown[], searches: number | undefined) {
    this.usage = usage
    this.searches = searches
    this.#output = output
  }

  /** Counted where the provider's usage is missing: most answers have it. */
  get outputTokens(): number {
    return this.#output.reduce<number>((sum, item) => sum + tokensOf(item), 0)
  }
}

/** Opening a page that was found is none. */
function isSearch(item: unknown): boolean {
  if (!isObject(item) || item['type'] !== 'web_search_call') return false
  return !isObject(item['action']) || item['action']['type'] === 'search'
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function tokensOf(value: unknown): number {
  if (typeof value === 'string') return estimateTokens(value)
  return value === undefined || value === null ? 0 : estimateTokens(JSON.stringify(value))
}

/** What one event of a stream is: output, the usage, the last one, an error, or none of these. */
export type EventKind = 'output' | 'usage' | 'end' | 'error' | 'other'

export interface StreamReader {
  /** `broken`: no JSON, and not the end mark. */
  read(data: string): EventKind | 'broken'
  /** Everything that a whole answer ends with has come. */
  readonly isFinished: boolean
  seen(): Seen
}

/** Reads the events of a stream at the side. */
export function createStreamReader(operation: Operation): StreamReader {
  let usage: unknown
  let outputTokens = 0
  let searches: number | undefined
  let isFinished = false

  function readChat(json: Json): EventKind {
    if (isObject(json['error'])) return 'error'
    if (isObject(json['usage'])) usage = json['usage']
    let kind: EventKind = 'other'
    for (const choice of itemsOf(json['choices'])) {
      if (!isObject(choice)) continue
      if (typeof choice['finish_reason'] === 'string') isFinished = true
      const made = madeBy(choice['delta'])
      if (made > 0) kind = 'output'
      outputTokens += made
    }
    const isBare = Array.isArray(json['choices']) && json['choices'].length === 0
    return isBare && isObject(json['usage']) ? 'usage' : kind
  }

  function readResponses(json: Json): EventKind {
    const type = String(json['type'])
    if (type === 'error' || type === 'response.failed') {
      const response = json['response']
      if (isObject(response) && isObject(response['usage'])) usage = response['usage']
      return 'error'
    }
    if (type === 'response.completed' || type === 'response.incomplete') {
      const response = json['response']
      if (isObject(response)) usage = response['usage']
      isFinished = true
      return 'end'
    }
    if (type === 'response.output_item.done' && isSearch(json['item'])) searches = (searches ?? 0) + 1
    if (!type.endsWith('.delta')) return 'other'
    outputTokens += tokensOf(json['delta'])
    return 'output'
  }

  function readMessages(json: Json): EventKind {
    switch (json['type']) {
      case 'error':
        return 'error'
      case 'message_start':
        if (isObject(json['message'])) usage = json['message']['usage']
        return 'other'
      case 'message_delta':
        if (isObject(json['usage'])) usage = { ...(isObject(usage) ? usage : {}), ...json['usage'] }
        return 'other'
      case 'content_block_delta': {
        outputTokens += madeBy(json['delta'])
        return 'output'
      }
      case 'content_block_start': {
        const block = json['content_block']
        return isObject(block) && block['type'] !== 'text' && block['type'] !== 'thinking' ? 'output' : 'other'
      }
      case 'message_stop':
        isFinished = true
        return 'end'
      default:
        return 'other'
    }
  }

  return {
    get isFinished() {
      return isFinished
    },
    seen: () => ({ usage, outputTokens, searches }),
    read(data) {
      if (data.trim() === '[DONE]') return 'end'
      let json: unknown
      try {
        json = JSON.parse(data)
      } catch {
        return 'broken'
      }
      if (!isObject(json)) return 'broken'
      if (operation === 'messages') return readMessages(json)
      return operation === 'responses' ? readResponses(json) : readChat(json)
    },
  }
}

/** Tokens of a delta: whatever it carries beside its role and type. */
function madeBy(delta: unknown): number {
  if (!isObject(delta)) return 0
  let sum = 0
  for (const name in delta) {
    const value = delta[name]
    if (name === 'role' || name === 'type' || value === null || value === '') continue
    sum += tokensOf(value)
  }
  return sum
}
