import { isObject } from '@core/foundation'
import { type FakeCall, failEarly, sendAnswer, sendEvents, sendJson, spoilUsage } from './fake-call.ts'
import { toModelRequest } from './to-model-request.ts'

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
  const request = toModelRequest(call.body, call.model, call.body['max_tokens'])
  const { content, finish, usage } = await call.local.chat(request, neverAborted)
  const stop = finish === 'length' ? 'max_tokens' : 'end_turn'
  const counted = usageOf(call, usage)
  const message = { id, type: 'message', role: 'assistant', model: call.model, stop_sequence: null }
  if (call.body['stream'] !== true) {
    const answer = { ...message, content: [{ type: 'text', text: content }], stop_reason: stop, usage: counted }
    return sendAnswer(call, answer, anthropicError)
  }
  const event = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`
  const begun = { ...message, content: [], stop_reason: null, usage: counted && { ...counted, output_tokens: 1 } }
  await sendEvents(call, {
    before: [
      event('message_start', { message: begun }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ],
    text: (content.match(/\S+\s*/g) ?? []).map((text) =>
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    ),
    after: [
      event('content_block_stop', { index: 0 }),
      event('message_delta', {
        delta: { stop_reason: stop, stop_sequence: null },
        usage: counted && { output_tokens: counted.output_tokens },
      }),
      event('message_stop', {}),
    ],
    error: `event: error\ndata: ${JSON.stringify(anthropicError('overloaded_error'))}\n\n`,
  })
}

function usageOf(call: FakeCall, usage: unknown) {
  const { prompt_tokens, completion_tokens }: Record<string, unknown> = isObject(usage) ? usage : {}
  return spoilUsage(call, { input_tokens: Number(prompt_tokens), output_tokens: Number(completion_tokens) })
}
