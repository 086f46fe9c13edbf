import { CoreError, isObject, uuidv7 } from '@core/foundation'
import { createParser } from 'eventsource-parser'
import type { Caller, ModelRequest } from './call.ts'
import type { Operation } from './read-request.ts'
import type { Dialect } from './routing.ts'
import type { Sink } from './sink.ts'

type Json = Readonly<Record<string, unknown>>

/** Calls of the process in which the router is, in the dialect that a client would send. */
export interface DirectCalls {
  /** A chat whose answer comes whole. @throws CoreError E_PROVIDER with the status and the body of a refusal. */
  chat(call: DirectCall): Promise<DirectAnswer>
  /** The events of a chat as they come. Leaving the loop is leaving the call: it is charged what it used. */
  stream(call: DirectCall): AsyncGenerator<Json, void, undefined>
  embed(call: DirectCall): Promise<DirectAnswer>
  /** `body` is `model` and `file`, a Blob; other fields pass. */
  transcribe(call: DirectCall): Promise<DirectAnswer>
}

export interface DirectCall {
  /** In the dialect of the call, as its clients send it; `stream` is set by which function is called. */
  readonly body: Json
  readonly caller: Caller
  /** Default `openai`. */
  readonly dialect?: Dialect
  /** Names the call in the log. Default: a new one. */
  readonly id?: string
  readonly signal?: AbortSignal
}

export interface DirectAnswer {
  readonly body: Json
  readonly headers: Readonly<Record<string, string>>
}

type Proxy = (request: ModelRequest, sink: Sink) => Promise<void>

export function createDirectCalls(proxy: Proxy): DirectCalls {
  async function ask(operation: Operation, call: DirectCall, bytes: Uint8Array, contentType: string) {
    const { promise, resolve } = Promise.withResolvers<{
      status: number
      headers: DirectAnswer['headers']
      text: string
    }>()
    const sink: Sink = {
      hasBegun: false,
      begin() {},
      write: () => undefined,
      end() {},
      send: (status, headers, body) => resolve({ status, headers, text: Buffer.from(body).toString() }),
      gone: call.signal ?? new AbortController().signal,
    }
    await proxy(toRequest(operation, call, bytes, contentType), sink)
    const { status, headers, text } = await promise
    const body = parse(text)
    if (status !== 200) throw refusal(status, body)
    return { body, headers }
  }

  const askJson = (operation: Operation, call: DirectCall) =>
    ask(operation, call, toBytes({ ...call.body, stream: false }), 'application/json')

  return {
    chat: (call) => askJson(chatOf(call), call),
    embed: ({ body: { stream: _, ...body }, ...call }) =>
      ask('embeddings', { ...call, body }, toBytes(body), 'application/json'),
    async transcribe(call) {
      const form = new FormData()
      for (const [name, value] of Object.entries(call.body)) {
        if (value instanceof Blob) form.append(name, value, value instanceof File ? value.name : name)
        else form.append(name, String(value))
      }
      const encoded = new Response(form)
      return await ask(
        'transcription',
        call,
        new Uint8Array(await encoded.arrayBuffer()),
        encoded.headers.get('content-type') ?? '',
      )
    },
    async *stream(call) {
      const left = new AbortController()
      const events: Json[] = []
      let failure: CoreError | undefined
      let isEnded = false
      let hasBegun = false
      let wake = () => {}
      let taken = () => {}
      const parser = createParser({
        onEvent({ data }) {
          if (data === '[DONE]') return
          const event = parse(data)
          if (isObject(event['error'])) failure = refusal(502, event)
          else events.push(event)
        },
      })
      const sink: Sink = {
        get hasBegun() {
          return hasBegun
        },
        begin() {
          hasBegun = true
        },
        write(bytes) {
          if (left.signal.aborted) return undefined
          parser.feed(Buffer.from(bytes).toString())
          wake()
          // One event at a time: who reads slowly slows the provider down.
          return events.length === 0 ? undefined : new Promise((resolve) => (taken = resolve))
        },
        end() {},
        send(status, _, body) {
          failure = refusal(status, parse(Buffer.from(body).toString()))
        },
        gone: call.signal === undefined ? left.signal : AbortSignal.any([left.signal, call.signal]),
      }
      const request = toRequest(chatOf(call), call, toBytes({ ...call.body, stream: true }), 'application/json')
      const served = proxy(request, sink).finally(() => {
        isEnded = true
        wake()
      })
      try {
        for (;;) {
          const event = events.shift()
          if (event !== undefined) {
            if (events.length === 0) taken()
            yield event
          } else if (failure !== undefined) throw failure
          else if (isEnded) return
          else
            await new Promise<void>((resolve) => {
              wake = resolve
            })
        }
      } finally {
        left.abort()
        events.length = 0
        taken()
        await served
      }
    },
  }
}

const chatOf = ({ dialect }: DirectCall): Operation => (dialect === 'anthropic' ? 'messages' : 'chat')

function toRequest(
  operation: Operation,
  { id = uuidv7(), dialect = 'openai', caller }: DirectCall,
  body: Uint8Array,
  contentType: string,
): ModelRequest {
  return { id, dialect, operation, body, contentType, headers: {}, caller }
}

function toBytes(body: Json): Uint8Array {
  return Buffer.from(JSON.stringify(body))
}

function parse(text: string): Json {
  try {
    const json: unknown = JSON.parse(text)
    return isObject(json) ? json : { text }
  } catch {
    return { text }
  }
}

function refusal(status: number, body: Json): CoreError {
  const { error } = body
  const message =
    isObject(error) && typeof error['message'] === 'string' ? error['message'] : `the call was refused: ${status}`
  return new CoreError('E_PROVIDER', message, {
    retryable: status === 429 || status === 503,
    details: { status, body },
  })
}
