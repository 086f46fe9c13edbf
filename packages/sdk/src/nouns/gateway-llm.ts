import {
  type CallOptions,
  CoreError,
  fetchDirectly,
  isObject,
  raceSignal,
  startDeadline,
  stringifyExact,
  toHeaderValue,
} from '@core/foundation'
import {
  type ChatAnswer,
  type ChatDelta,
  type ChatRequest,
  estimateInput,
  faultOf,
  readUsage,
} from '@core/providers/llm'
import { costOf, estimateTokens } from '@core/providers/price'
import { createParser } from 'eventsource-parser'
import type { ControlPlane } from '../choose-connection.ts'
import type { CorePrices } from './core-prices.ts'
import { createToolCalls, toFinish, toGatewayBody } from './gateway-request.ts'
import type { CoreLlm, MeteredCall } from './open-llm.ts'

export interface GatewayLlmOptions {
  readonly plane: ControlPlane
  readonly env: Readonly<Record<string, string | undefined>>
  readonly prices: CorePrices
}

const callTimeoutMs = 120_000

/** Models through the gateway of the control plane: it reserves, routes, and settles each call. */
export function openGatewayLlm({ plane, env, prices }: GatewayLlmOptions): CoreLlm {
  const base = `${plane.url}/v1/projects/current/openai/v1`
  const defaultModel = [env['CORE_LLM_PROVIDER'], env['CORE_LLM_MODEL']].filter(Boolean).join('/') || 'local'
  const send = plane.fetch ?? fetch

  async function request(path: string, body: object | undefined, options: MeteredCall, signal: AbortSignal) {
    const key = await raceSignal(Promise.resolve(typeof plane.key === 'string' ? plane.key : plane.key()), signal)
    const headers = new Headers({
      authorization: `Bearer ${toHeaderValue('the key', key)}`,
      'content-type': 'application/json',
    })
    if (options.account !== undefined) headers.set('core-account', toHeaderValue('account', options.account))
    if (options.key !== undefined) headers.set('idempotency-key', toHeaderValue('key', options.key))
    const post = body === undefined ? {} : { method: 'POST', body: stringifyExact('request', body) }
    try {
      const response = await fetchDirectly(send, base + path, { ...post, headers, signal })
      if (!response.ok) throw toError(response, await response.json().catch(() => undefined))
      return response
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof CoreError) throw error
      throw new CoreError('E_PROVIDER', 'the gateway of the control plane does not answer', {
        retryable: true,
        cause: error,
        details: { reason: 'unavailable', provider: 'core', sent: true },
      })
    }
  }

  function bodyOf(request: ChatRequest, stream?: object): object {
    return { ...toGatewayBody(request, request.model ?? defaultModel), ...stream }
  }

  return {
    async chat(chat, options = {}) {
      using deadline = startDeadline('a model call', options, callTimeoutMs)
      const response = await request('/chat/completions', bodyOf(chat), options, deadline.signal)
      const answer = readObject(await raceSignal(response.json(), deadline.signal))
      const [choice] = Array.isArray(answer['choices']) ? answer['choices'] : []
      const { message, finish_reason: finish }: Record<string, unknown> = isObject(choice) ? choice : {}
      const { content, tool_calls: pieces } = readObject(message)
      const calls = createToolCalls()
      calls.add(pieces)
      return {
        content: typeof content === 'string' ? content : '',
        toolCalls: calls.all,
        finish: toFinish(finish),
        ...toReport(response.headers, answer['usage'], response.headers.get('core-cost-micro-credits')),
      }
    },

    async *stream(chat, options = {}) {
      using deadline = startDeadline('a model call', options, callTimeoutMs)
      const left = new AbortController()
      const signal = AbortSignal.any([deadline.signal, left.signal])
      try {
        const body = bodyOf(chat, { stream: true, stream_options: { include_usage: true } })
        const response = await request('/chat/completions', body, options, signal)
        yield* readStream(response, signal)
      } finally {
        left.abort(new CoreError('E_ABORTED', 'the reader left the stream'))
      }
    },

    async estimate(chat) {
      const name = chat.model ?? defaultModel
      const [provider = name, ...rest] = name.split('/')
      const model = rest.join('/') || name
      const at = new Date()
      const found = await prices.find(provider, model, at)
      if (found === undefined) {
        throw new CoreError('E_NOT_FOUND', `there is no price for ${name}`, {
          fix: 'Name a model as provider/model: what a route costs depends on the target that serves it.',
        })
      }
      const usage = { ...estimateInput(chat), output: chat.maxOutputTokens, requests: 1 }
      return { usage, cost: costOf({ usage, at, ...found }), provider, model }
    },

    async probe(options: CallOptions = {}) {
      using deadline = startDeadline('a probe', options, 10_000)
      const startedAt = performance.now()
      const result = (reason?: string) => [
        {
          provider: 'core',
          ok: reason === undefined,
          latencyMs: Math.round(performance.now() - startedAt),
          ...(reason !== undefined && { reason }),
        },
      ]
      try {
        await request('/models', undefined, {}, deadline.signal)
        return result()
      } catch (error) {
        return result(error instanceof CoreError ? (faultOf(error) ?? error.code) : 'unavailable')
      }
    },
  }
}

async function* readStream(response: Response, signal: AbortSignal): AsyncGenerator<ChatDelta, void, undefined> {
  const deltas: ChatDelta[] = []
  const calls = createToolCalls()
  let content = ''
  let finish: unknown
  let usage: unknown
  let cost: string | undefined
  let failure: unknown
  const parser = createParser({
    onComment: (comment) => {
      cost = /core cost=(\d+)/.exec(comment)?.[1] ?? cost
    },
    onEvent({ data }) {
      if (data === '[DONE]') return
      const event = readObject(JSON.parse(data))
      if (isObject(event['error'])) failure = event['error']
      if (isObject(event['usage'])) usage = event['usage']
      for (const choice of Array.isArray(event['choices']) ? event['choices'] : []) {
        const { delta, finish_reason: reason } = readObject(choice)
        const { content: text, reasoning_content: thought, tool_calls: pieces } = readObject(delta)
        if (typeof reason === 'string') finish = reason
        if (typeof thought === 'string' && thought !== '') deltas.push({ type: 'reasoning', text: thought })
        if (typeof text === 'string' && text !== '') {
          content += text
          deltas.push({ type: 'text', text })
        }
        calls.add(pieces)
      }
    },
  })
  if (response.body === null) throw toError(response, undefined)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await raceSignal(reader.read(), signal)
    if (done) break
    parser.feed(value)
    yield* deltas.splice(0)
    if (failure !== undefined) throw toError(response, { error: failure })
  }
  if (finish === undefined)
    throw toError(response, { error: { message: 'the stream ended early', code: 'unavailable' } })
  for (const call of calls.all) yield { type: 'tool_call', call }
  const report = toReport(
    response.headers,
    usage ?? { prompt_tokens: 0, completion_tokens: estimateTokens(content) },
    cost,
  )
  yield { type: 'answer', content, toolCalls: calls.all, finish: toFinish(finish), ...report }
}

type Report = Pick<ChatAnswer, 'usage' | 'cost' | 'estimated' | 'provider' | 'model' | 'attempts'>

function toReport(headers: Headers, json: unknown, cost: string | null | undefined): Report {
  const [provider = 'core', ...model] = (headers.get('core-target') ?? '').split('/')
  const usage = readUsage('openai', json)
  return {
    usage: { ...usage, requests: 1 },
    cost: { micro: Number(cost ?? 0), approximated: [] },
    estimated: usage === undefined,
    provider,
    model: model.join('/'),
    attempts: Number(headers.get('core-attempts') ?? 1),
  }
}

const denials: readonly unknown[] = ['insufficient_credits', 'budget_exhausted', 'account_frozen', 'account_not_found']

function toError(response: Response, body: unknown): CoreError {
  const { message, code } = readObject(readObject(body)['error'])
  const text = typeof message === 'string' ? message : `the gateway answered ${response.status}`
  const details = { reason: typeof code === 'string' ? code : 'unavailable', status: response.status, provider: 'core' }
  if (denials.includes(code)) return new CoreError('E_CONFLICT', `the model was not called: ${text}`, { details })
  if (response.status === 401) return new CoreError('E_UNAUTHENTICATED', text, { details })
  if (response.status === 403) return new CoreError('E_FORBIDDEN', text, { details })
  if (response.status === 409) return new CoreError('E_CONFLICT', text, { details })
  if (code === 'model_not_found') return new CoreError('E_NOT_FOUND', text, { details })
  const retryable = response.headers.get('x-should-retry') === 'true'
  return new CoreError('E_PROVIDER', text, { retryable, details: { ...details, sent: !retryable } })
}

function readObject(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {}
}
