import { isObject } from '@core/foundation'
import { toEvent } from '../dialect/dialect-writer.ts'
import { objectsOf } from '../dialect/read-parts.ts'
import { readResponsesRequest } from '../dialect/read-responses.ts'
import { createResponsesWriter } from '../dialect/write-responses.ts'
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

type Json = Readonly<Record<string, unknown>>

const path = '/responses'
const neverAborted = new AbortController().signal

/** The Responses API: it keeps what it answers, unless the request says otherwise, and continues it. */
export async function answerResponses(call: FakeCall): Promise<void> {
  const { request, body, responses, key } = call
  if (request.method !== 'POST') return answerStored(call)
  if (failEarly(call, openAIError)) return
  const { previous_response_id: previous, stream } = body
  const before = typeof previous === 'string' ? responses.get(previous) : undefined
  if (typeof previous === 'string' && before?.key !== key)
    return sendJson(call, 400, openAIError('previous_response_not_found'))
  const items = [...(before?.items ?? []), ...itemsOf(body['input'])]
  const asked = { ...body, input: items, previous_response_id: null }
  const { usage, ...answer } = await call.local.chat(readResponsesRequest(asked, call.model, 4_096), neverAborted)
  const id = `resp_${crypto.randomUUID().replaceAll('-', '')}`
  const store = call.keepsResponses && body['store'] !== false
  const writer = createResponsesWriter({
    id,
    model: call.model,
    created: 0,
    more: { store, previous_response_id: previous ?? null },
  })
  const searches = objectsOf(body['tools'])
    .filter(({ type }) => type === 'web_search')
    .map(() => ({
      id: 'ws_fake',
      type: 'web_search_call',
      status: 'completed',
      action: { type: 'search', query: 'hold' },
    }))
  const said = writer.whole(answer, usageOf(call, usage))
  const whole = { ...said, output: [...searches, ...objectsOf(Object(said).output)] }
  if (store) responses.set(id, { key, input: items, items: [...items, ...whole.output], response: whole })
  if (stream !== true) return sendAnswer(call, whole, openAIError)
  const events = writer.stream()
  await sendEvents(call, {
    before: [
      ...events.begin(),
      ...searches.map((item) => toEvent({ type: 'response.output_item.done', item }, 'response.output_item.done')),
    ],
    text: wordsOf(answer.content).map((text) => events.delta({ type: 'text', text }).join('')),
    after: events.end(answer.finish, usageOf(call, usage)),
    error: `event: error\ndata: ${JSON.stringify({ type: 'error', code: 'overloaded_error', message: 'the fake answers it' })}\n\n`,
  })
}

function answerStored(call: FakeCall): void {
  const { responses, key, request } = call
  const [place = '', part] = call.path.slice(path.length + 1).split('/')
  const id = decodeURIComponent(place)
  const kept = responses.get(id)
  if (kept === undefined || kept.key !== key) sendJson(call, 404, openAIError('not_found'))
  else if (part === 'input_items')
    sendJson(call, 200, listOf(kept.input, new URL(request.url ?? '', 'http://localhost').searchParams))
  else if (request.method === 'GET') sendJson(call, 200, kept.response)
  else {
    responses.delete(id)
    sendJson(call, 200, { id, object: 'response.deleted', deleted: true })
  }
}

function listOf(input: readonly unknown[], query: URLSearchParams): Json {
  const items = input.map((item, index) => ({ id: `msg_${index}`, ...Object(item) }))
  if (query.get('order') !== 'asc') items.reverse()
  const data = items.slice(0, Number(query.get('limit') ?? 20))
  const [first_id, last_id] = [data[0]?.id ?? null, data.at(-1)?.id ?? null]
  return { object: 'list', data, first_id, last_id, has_more: data.length < items.length }
}

function itemsOf(input: unknown): readonly Json[] {
  return typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : objectsOf(input)
}

function usageOf(call: FakeCall, usage: unknown) {
  const { prompt_tokens, completion_tokens }: Json = isObject(usage) ? usage : {}
  const input = Number(prompt_tokens)
  const output = Number(completion_tokens)
  return spoilUsage(call, { input_tokens: input, output_tokens: output, total_tokens: input + output })
}
