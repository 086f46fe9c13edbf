import { isObject } from '@core/foundation'
import { readMessagesRequest } from '../dialect/read-messages.ts'
import { objectsOf } from '../dialect/read-parts.ts'
import { createMessagesWriter } from '../dialect/write-messages.ts'
import { type FakeCall, failEarly, sendAnswer, sendEvents, sendJson, spoilUsage, wordsOf } from './fake-call.ts'

const neverAborted = new AbortController().signal
const id = 'msg_fake'

export const anthropicError = (code: string) => ({
  type: 'error',
  error: { type: code, message: `the fake answers ${code}` },
})

/** The Messages API. */
export async function answerAnthropic(call: FakeCall): Promise<void> {
  if (call.request.method !== 'POST') return sendJson(call, 404, anthropicError('not_found_error'))
  if (failEarly(call, anthropicError)) return
  const tools = objectsOf(call.body['tools']).filter((tool) => !isSearch(tool))
  const request = readMessagesRequest({ ...call.body, tools }, call.model, 4_096)
  const { usage, ...answer } = await call.local.chat(request, neverAborted)
  const counted = usageOf(call, usage)
  const writer = createMessagesWriter({ id, model: call.model, created: 0 })
  if (call.body['stream'] !== true) return sendAnswer(call, writer.whole(answer, counted), anthropicError)
  const events = writer.stream()
  await sendEvents(call, {
    before: events.begin(counted && { ...counted, output_tokens: 1 }),
    text: wordsOf(answer.content).map((text) => events.delta({ type: 'text', text }).join('')),
    after: events.end(answer.finish, counted && { output_tokens: counted.output_tokens }),
    error: `event: error\ndata: ${JSON.stringify(anthropicError('overloaded_error'))}\n\n`,
  })
}

function usageOf(call: FakeCall, usage: unknown) {
  const { prompt_tokens, completion_tokens }: Record<string, unknown> = isObject(usage) ? usage : {}
  const counted = spoilUsage(call, { input_tokens: Number(prompt_tokens), output_tokens: Number(completion_tokens) })
  const isSearching = objectsOf(call.body['tools']).some(isSearch)
  return counted && { ...counted, ...(isSearching && { server_tool_use: { web_search_requests: 2 } }) }
}

function isSearch({ type }: Readonly<Record<string, unknown>>): boolean {
  return String(type).startsWith('web_search')
}
