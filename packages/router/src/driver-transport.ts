import { isCoreError, isObject } from '@core/foundation'
import {
  createChatWriter,
  createMessagesWriter,
  createResponsesWriter,
  readChatRequest,
  readMessagesRequest,
  readResponsesRequest,
  readTexts,
  writeChatUsage,
  writeEmbeddings,
  writeMessagesUsage,
  writeResponsesUsage,
} from '@core/providers/dialect'
import { type Driver, type ModelDelta, readUsage } from '@core/providers/llm'
import type { Usage } from '@core/providers/price'
import { toFailedResponse } from './driver-failure.ts'
import { defaultMaxOutputTokens } from './read-request.ts'
import type { Transport, UpstreamRequest, UpstreamResponse } from './transport.ts'

/** How each dialect of a chat is read and written. */
const forms = {
  chat: { read: readChatRequest, writer: createChatWriter, writeUsage: writeChatUsage },
  responses: { read: readResponsesRequest, writer: createResponsesWriter, writeUsage: writeResponsesUsage },
  messages: { read: readMessagesRequest, writer: createMessagesWriter, writeUsage: writeMessagesUsage },
} as const

/**
 * Calls by a driver of models: what the client sent is read, and the answer written, in the dialect of the client. For
 * models of this process, and for providers that speak another dialect.
 */
export function createDriverTransport(driverOf: (call: UpstreamRequest) => Driver | Promise<Driver>): Transport {
  return async (call) => {
    try {
      const driver = await driverOf(call)
      if (call.operation === 'transcription') return await transcribe(driver, call)
      const body: unknown = JSON.parse(Buffer.from(call.body).toString())
      const request = isObject(body) ? body : {}
      if (call.operation === 'embeddings') return await embed(driver, request, call)
      return call.isStream
        ? await streamChat(driver, request, call, call.operation)
        : await answerChat(driver, request, call, call.operation)
    } catch (error) {
      if (!isCoreError(error, 'E_PROVIDER')) throw error
      return toFailedResponse(error, call)
    }
  }
}

type Form = keyof typeof forms
type Json = Readonly<Record<string, unknown>>

async function answerChat(driver: Driver, body: Json, call: UpstreamRequest, form: Form): Promise<UpstreamResponse> {
  const { read, writer, writeUsage } = forms[form]
  const { model } = call.target
  const { usage, ...answer } = await driver.chat(read(body, model, defaultMaxOutputTokens), call.signal)
  const counted = readUsage(driver.dialect, usage)
  const whole = writer(factsOf(form, model)).whole(answer, counted && writeUsage(counted))
  return { ...json(whole), counted: () => counted }
}

async function streamChat(driver: Driver, body: Json, call: UpstreamRequest, form: Form): Promise<UpstreamResponse> {
  const { read, writer, writeUsage } = forms[form]
  const { model } = call.target
  const deltas = driver.stream(read(body, model, defaultMaxOutputTokens), call.signal)[Symbol.asyncIterator]()
  // What fails before the first delta is an answer of its own, and another target may be asked.
  const first = await deltas.next()
  const options = body['stream_options']
  const isAsked = form !== 'chat' || (isObject(options) && options['include_usage'] === true)
  const stream = writer(factsOf(form, model)).stream()
  let counted: Usage | undefined

  function eventsOf(delta: ModelDelta): readonly string[] {
    if (delta.type !== 'end') return stream.delta(delta)
    counted = readUsage(driver.dialect, delta.usage)
    return stream.end(delta.finish, isAsked && counted ? writeUsage(counted) : undefined)
  }
  async function* events(): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from(stream.begin(form === 'messages' ? writeUsage({}) : undefined).join(''))
      for (let next = first; next.done !== true; next = await deltas.next()) {
        for (const event of eventsOf(next.value)) yield Buffer.from(event)
      }
    } finally {
      await deltas.return?.()
    }
  }
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    body: events(),
    counted: () => counted,
  }
}

async function embed(driver: Driver, body: Json, { target, signal }: UpstreamRequest): Promise<UpstreamResponse> {
  const { input, dimensions, encoding_format } = body
  const size = typeof dimensions === 'number' ? { dimensions } : {}
  const { vectors, usage } = await driver.embed({ model: target.model, texts: readTexts(input), ...size }, signal)
  const counted = readUsage(driver.dialect, usage)
  const answer = { model: target.model, vectors, usage: counted && writeChatUsage(counted) }
  return { ...json(writeEmbeddings(answer, encoding_format)), counted: () => counted }
}

async function transcribe(
  driver: Driver,
  { body, contentType, target, signal }: UpstreamRequest,
): Promise<UpstreamResponse> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData()
  const file = form.get('file')
  const audio = file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : new Uint8Array()
  const mediaType = file instanceof Blob ? file.type : ''
  const { text, usage } = await driver.transcribe({ model: target.model, audio, mediaType }, signal)
  return json({ text, usage })
}

function factsOf(form: Form, model: string) {
  const prefix = { chat: 'chatcmpl', responses: 'resp', messages: 'msg' }[form]
  const created = Math.floor(Date.now() / 1000)
  return { id: `${prefix}_${crypto.randomUUID().replaceAll('-', '')}`, model, created }
}

function json(body: unknown): UpstreamResponse {
  async function* once(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(JSON.stringify(body))
  }
  return { status: 200, headers: { 'content-type': 'application/json' }, body: once() }
}
