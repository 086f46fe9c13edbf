import { isObject } from '@core/foundation'
import { readChatRequest } from '../dialect/read-chat.ts'
import { createChatWriter } from '../dialect/write-chat.ts'
import { readTexts, writeEmbeddings } from '../dialect/write-embeddings.ts'
import type { ModelRequest } from '../llm/driver.ts'
import { answerResponses } from './answer-responses.ts'
import {
  type FakeCall,
  failEarly,
  openAIError,
  sendAnswer,
  sendEvents,
  sendJson,
  spoilUsage,
  wordsOf,
} from './fake-call.ts'

const neverAborted = new AbortController().signal
const id = 'chatcmpl-fake'

/** Chat Completions, Responses, embeddings, transcriptions and the list of models. */
export async function answerOpenAI(call: FakeCall): Promise<void> {
  if (call.path.startsWith('/responses')) return await answerResponses(call)
  if (failEarly(call, openAIError)) return
  switch (call.path) {
    case '/chat/completions':
      return call.body['stream'] === true ? await streamChat(call) : await answerChat(call)
    case '/embeddings':
      return await answerEmbeddings(call)
    case '/audio/transcriptions':
      return await answerTranscription(call)
    case '/models':
      return sendJson(call, 200, {
        object: 'list',
        data: [{ id: 'local', object: 'model', created: 0, owned_by: 'core' }],
      })
    default:
      return sendJson(call, 404, openAIError('not_found'))
  }
}

async function answerChat(call: FakeCall): Promise<void> {
  const { usage, ...answer } = await call.local.chat(readRequest(call), neverAborted)
  sendAnswer(call, writerOf(call).whole(answer, usageOf(call, usage)), openAIError)
}

async function streamChat(call: FakeCall): Promise<void> {
  const { content, finish, usage } = await call.local.chat(readRequest(call), neverAborted)
  const options = call.body['stream_options']
  const isAsked = isObject(options) && options['include_usage'] === true
  const writer = writerOf(call).stream()
  await sendEvents(call, {
    before: writer.begin(),
    text: wordsOf(content).map((text) => writer.delta({ type: 'text', text }).join('')),
    after: writer.end(finish, isAsked ? usageOf(call, usage) : undefined),
    error: `data: ${JSON.stringify(openAIError('overloaded_error'))}\n\n`,
  })
}

const writerOf = ({ model }: FakeCall) => createChatWriter({ id, model, created: 0 })

async function answerEmbeddings(call: FakeCall): Promise<void> {
  const { input, dimensions, encoding_format } = call.body
  const size = typeof dimensions === 'number' ? { dimensions } : {}
  const { model } = call
  const { vectors, usage } = await call.local.embed({ model, texts: readTexts(input), ...size }, neverAborted)
  const answer = writeEmbeddings({ model, vectors, usage: usageOf(call, usage) }, encoding_format)
  sendAnswer(call, answer, openAIError)
}

async function answerTranscription(call: FakeCall): Promise<void> {
  const { file, mediaType } = call.body
  if (!(file instanceof Uint8Array)) return sendJson(call, 400, openAIError('invalid_request_error'))
  const { text, usage } = await call.local.transcribe(
    { model: call.model, audio: file, mediaType: String(mediaType) },
    neverAborted,
  )
  sendAnswer(call, { text, ...(call.fault === 'nousage' ? {} : { usage }) }, openAIError)
}

function usageOf(call: FakeCall, usage: unknown) {
  const { prompt_tokens, completion_tokens }: Record<string, unknown> = isObject(usage) ? usage : {}
  const prompt = Number(prompt_tokens)
  const completion = Number(completion_tokens)
  return spoilUsage(call, { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion })
}

function readRequest({ body, model }: FakeCall): ModelRequest {
  return readChatRequest({ ...body, web_search_options: undefined }, model, 4_096)
}
