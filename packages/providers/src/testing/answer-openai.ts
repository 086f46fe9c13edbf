import { isObject } from '@core/foundation'
import type { ModelRequest } from '../llm/driver.ts'
import { type FakeCall, failEarly, sendAnswer, sendEvents, sendJson, spoilUsage } from './fake-call.ts'
import { toModelRequest } from './to-model-request.ts'

const neverAborted = new AbortController().signal
const id = 'chatcmpl-fake'

export const openAIError = (code: string) => ({
  error: { message: `the fake answers ${code}`, type: code, param: null, code },
})

/** Chat Completions, embeddings, transcriptions and the list of models. */
export async function answerOpenAI(call: FakeCall): Promise<void> {
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
  const { content, finish, usage } = await call.local.chat(readRequest(call), neverAborted)
  const message = { role: 'assistant', content, refusal: null }
  const choices = [{ index: 0, message, finish_reason: finish, logprobs: null }]
  const body = { id, object: 'chat.completion', created: 0, model: call.model, choices, usage: usageOf(call, usage) }
  sendAnswer(call, body, openAIError)
}

async function streamChat(call: FakeCall): Promise<void> {
  const { content, finish, usage } = await call.local.chat(readRequest(call), neverAborted)
  const chunk = (choices: unknown[], more: object = {}) =>
    `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created: 0, model: call.model, choices, ...more })}\n\n`
  const delta = (value: object, reason: string | null = null) =>
    chunk([{ index: 0, delta: value, finish_reason: reason }])
  const options = call.body['stream_options']
  const isAsked = isObject(options) && options['include_usage'] === true
  await sendEvents(call, {
    before: [delta({ role: 'assistant', content: '' })],
    text: (content.match(/\S+\s*/g) ?? []).map((word) => delta({ content: word })),
    after: [
      delta({}, finish),
      ...(isAsked ? [chunk([], { usage: usageOf(call, usage) ?? null })] : []),
      'data: [DONE]\n\n',
    ],
    error: `data: ${JSON.stringify(openAIError('overloaded_error'))}\n\n`,
  })
}

async function answerEmbeddings(call: FakeCall): Promise<void> {
  const { input, dimensions } = call.body
  const texts = (Array.isArray(input) ? input : [input]).map(String)
  const size = typeof dimensions === 'number' ? { dimensions } : {}
  const { vectors, usage } = await call.local.embed({ model: call.model, texts, ...size }, neverAborted)
  const data = vectors.map((embedding, index) => ({ object: 'embedding', index, embedding }))
  sendAnswer(call, { object: 'list', model: call.model, data, usage: usageOf(call, usage) }, openAIError)
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
  return toModelRequest(body, model, body['max_completion_tokens'] ?? body['max_tokens'])
}
