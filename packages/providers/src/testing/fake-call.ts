import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { isObject } from '@core/foundation'
import type { Driver } from '../llm/driver.ts'

/** How an answer can fail; the name of the model asks for it. */
export const faults = [
  'slow',
  '429',
  '500',
  'html',
  'hang-headers',
  'hang',
  'cut',
  'eof',
  'early-error',
  'late-error',
  'badsse',
  'nousage',
  'zero',
  'wild',
] as const
export type Fault = (typeof faults)[number]

/** A response, and whose it is: of who sent the same key. */
export interface KeptResponse {
  readonly key: string | undefined
  /** What the model read. */
  readonly input: readonly unknown[]
  /** All that the model has read and written. */
  readonly items: readonly unknown[]
  readonly response: object
}

/** One request to the fake, and the response to write. */
export interface FakeCall {
  readonly path: string
  readonly model: string
  readonly fault: Fault | undefined
  readonly body: Readonly<Record<string, unknown>>
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly local: Driver
  readonly pause: () => Promise<unknown>
  readonly key: string | undefined
  /** By their ids. */
  readonly responses: Map<string, KeptResponse>
  readonly keepsResponses: boolean
}

export const openAIError = (code: string) => ({
  error: { message: `the fake answers ${code}`, type: code, param: null, code },
})

/** `gpt-cut` and `cut` fail each time, `cut-once` the first time that it is asked for. */
export function faultOfModel(model: string, asked: number): Fault | undefined {
  const once = model.endsWith('-once')
  if (once && asked > 0) return undefined
  const name = once ? model.slice(0, -'-once'.length) : model
  return faults.find((fault) => name === fault || name.endsWith(`-${fault}`))
}

export function createPause(pauseMs: number): () => Promise<unknown> {
  return () => sleep(pauseMs, undefined, { ref: false })
}

export function sendJson(
  { response }: FakeCall,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/**
 * Answers that fail before their first byte, alike in both dialects; whether it was one.
 */
export function failEarly(call: FakeCall, errorBody: (code: string) => unknown): boolean {
  const { fault, response } = call
  switch (fault) {
    case '429':
      sendJson(call, 429, errorBody('rate_limit_exceeded'), { 'retry-after': '1', 'retry-after-ms': '10' })
      return true
    case '500':
      sendJson(call, 500, errorBody('server_error'))
      return true
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end('<!doctype html><title>Sign in</title>')
      return true
    case 'hang-headers':
      return true
    default:
      return false
  }
}

/** A whole answer as JSON, or the part of it that the fault leaves. */
export function sendAnswer(call: FakeCall, answer: unknown, errorBody: (code: string) => unknown): void {
  const { fault, response } = call
  if (fault === 'early-error' || fault === 'late-error') {
    sendJson(call, 503, errorBody('overloaded_error'))
    return
  }
  const text = JSON.stringify(answer)
  const half = text.slice(0, text.length / 2)
  response.writeHead(200, {
    'content-type': 'application/json',
    ...(fault === 'cut' && { 'content-length': text.length }),
  })
  if (fault === 'hang') response.write(half)
  else if (fault === 'cut') response.write(half, () => response.destroy())
  else response.end(fault === 'eof' || fault === 'badsse' ? half : text)
}

/** The words of a text, each with the space behind it. */
export function wordsOf(text: string): readonly string[] {
  return text.match(/\S+\s*/g) ?? []
}

/** Usage as the fault has it: missing, all zero, or numbers that cannot be. */
export function spoilUsage<Value extends Readonly<Record<string, number>>>(
  { fault }: FakeCall,
  usage: Value,
): Value | undefined {
  if (fault === 'nousage') return undefined
  if (fault !== 'zero' && fault !== 'wild') return usage
  const entries = Object.keys(usage).map((name, index) => [name, fault === 'zero' ? 0 : index === 0 ? -5 : 1e12])
  return Object.assign({}, usage, Object.fromEntries(entries))
}

/** The events of a stream, and what the fault does to them. `text` are those with output; the rest comes around them. */
export async function sendEvents(call: FakeCall, { before, text, after, error }: FakeEvents): Promise<void> {
  const { fault, response, pause } = call
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  if (fault === 'early-error') {
    response.end(error)
    return
  }
  for (const event of before) response.write(event)
  for (const [index, event] of text.entries()) {
    if (response.destroyed) return
    if (fault === 'slow') await pause()
    response.write(event)
    if (index === 1 && breakOff(call, error)) return
  }
  for (const event of after) response.write(event)
  response.end()
}

/** What happens after the second word; whether the rest is not sent. */
function breakOff({ fault, response }: FakeCall, error: string): boolean {
  switch (fault) {
    case 'hang':
      return true
    case 'cut':
      response.write(':\n\n', () => response.destroy())
      return true
    case 'eof':
      response.end()
      return true
    case 'late-error':
      response.end(error)
      return true
    case 'badsse':
      response.write('data: {"choices": [{"delta\n\n')
      return false
    default:
      return false
  }
}

interface FakeEvents {
  readonly before: readonly string[]
  readonly text: readonly string[]
  readonly after: readonly string[]
  readonly error: string
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > maxBodyBytes) throw new Error('the body is larger than 32 MiB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const maxBodyBytes = 32 * 1024 * 1024

/** The JSON of a request; a form of `audio/transcriptions` as an object of its fields. */
export async function parseBody(request: IncomingMessage, body: Buffer): Promise<Readonly<Record<string, unknown>>> {
  const type = request.headers['content-type'] ?? ''
  if (type.startsWith('multipart/form-data')) {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
    const file = form.get('file')
    const bytes = file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : undefined
    return { model: form.get('model'), file: bytes, mediaType: file instanceof Blob ? file.type : undefined }
  }
  if (body.length === 0) return {}
  const json: unknown = JSON.parse(body.toString())
  return isObject(json) ? json : {}
}
