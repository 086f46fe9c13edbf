import { isObject } from '@core/foundation'
import { isPlausible, readUsage } from '@core/providers/llm'
import { estimateTokens, type Usage } from '@core/providers/price'
import type { CallPrice } from '../call-price.ts'
import { estimatePrompt } from '../estimate-prompt.ts'
import type { Payment } from '../nouns/pay-for.ts'
import { createPump } from '../pump.ts'
import type { MeteredOptions } from './metered-options.ts'
import { createModelCalls, replaceMethods, toModelCall } from './model-calls.ts'

/** A language model of AI SDK (V2 to V4), as far as it is needed to meter it. */
export interface MeterableModel {
  readonly provider: string
  readonly modelId: string
  doGenerate(options: never): PromiseLike<{ readonly content: readonly object[]; readonly usage: unknown }>
  doStream(options: never): PromiseLike<{ readonly stream: ReadableStream<object> }>
}

export interface MeteredModelOptions extends MeteredOptions {
  /** What is reserved for the answer of a call that names no `maxOutputTokens`. Default 4,096. */
  readonly maxOutputTokens?: number | undefined
  /** A reader that leaves 64 parts unread for so long has left. Default 30,000. */
  readonly readerTimeoutMs?: number | undefined
}

/**
 * The same model, each call of which is reserved before it is sent and settled to what it used. A stream is metered by a
 * reader of its own, so it is settled when the model has finished, also when the caller stops reading. A call that is
 * aborted, cancelled or left is charged for what had come, by an estimate.
 * @throws CoreError of each call: E_NOT_FOUND where the model has no price, E_CONFLICT with `details.reason`
 * `insufficient_credits` or `budget_exhausted`. The model is not called then.
 */
export function meteredModel<Model extends MeterableModel>(model: Model, options: MeteredModelOptions): Model {
  const { readerTimeoutMs = 30_000 } = options
  const calls = createModelCalls(model, options)

  async function prepare(given: unknown) {
    const call = toModelCall(given)
    const { prompt, tools, responseFormat, maxOutputTokens: limit } = call.options
    const output = typeof limit === 'number' ? limit : (options.maxOutputTokens ?? 4_096)
    const meter = createMeter(await calls.price(call), {
      input: estimatePrompt({ prompt, tools, responseFormat }),
      output,
    })
    return { call, meter }
  }

  async function doGenerate(given: unknown) {
    const { call, meter } = await prepare(given)
    return await calls.pay(meter.most, call, async (payment) => {
      const answer: Awaited<ReturnType<Model['doGenerate']>> = await Reflect.apply(model.doGenerate, model, [
        { ...call.options, abortSignal: payment.signal },
      ])
      for (const part of answer.content) meter.see(part)
      payment.meter(meter.cost(answer.usage))
      return answer
    })
  }

  async function doStream(given: unknown) {
    const { call, meter } = await prepare(given)
    const opened = Promise.withResolvers<object>()
    let endCopy: (error?: unknown) => void = opened.reject
    const work = async (payment: Payment) => {
      const ended = new AbortController()
      const answer: Awaited<ReturnType<Model['doStream']>> = await Reflect.apply(model.doStream, model, [
        { ...call.options, abortSignal: AbortSignal.any([payment.signal, ended.signal]) },
      ])
      const pump = createPump<object>({ signal: payment.signal, readerTimeoutMs })
      endCopy = pump.end
      opened.resolve({ ...answer, stream: pump.stream })
      try {
        for await (const part of pump.parts(answer.stream)) meter.see(part)
        payment.meter(meter.cost(meter.usage))
        pump.endSoon()
      } catch (error) {
        if (meter.isBegun) payment.meter(meter.cost(meter.usage))
        pump.end(error)
        ended.abort(error)
        throw error
      }
    }
    calls.pay(meter.most, call, work).then(
      () => endCopy(),
      (error: unknown) => endCopy(error),
    )
    return await opened.promise
  }

  return replaceMethods(model, { doGenerate, doStream })
}

/** Counts what comes of a call, and prices what the model reports, or what came where it reports nothing that can be right. */
function createMeter(price: CallPrice, { input, output }: { readonly input: number; readonly output: number }) {
  let came = 0
  let isBegun = false
  let reported: unknown
  return {
    most: price({ input, output, requests: 1 }),
    get isBegun() {
      return isBegun
    },
    get usage() {
      return reported
    },
    see(part: object): void {
      const { type, text, delta, input: written, usage }: Record<string, unknown> = { ...part }
      if (type === 'finish') reported = usage
      for (const output of [text, delta, type === 'tool-call' ? written : undefined]) {
        if (typeof output !== 'string') continue
        came += estimateTokens(output)
        isBegun = true
      }
    },
    cost(usage: unknown) {
      const known = toUsage(usage)
      const isBelieved = known !== undefined && isPlausible(known, output)
      return price({ ...(isBelieved ? known : { input, output: came }), requests: 1 })
    },
  }
}

function toUsage(usage: unknown): Usage | undefined {
  const { inputTokens, outputTokens }: Record<string, unknown> = isObject(usage) ? usage : {}
  // V2 counts in numbers, what was read from a cache included.
  const isV2 = typeof inputTokens === 'number' && typeof outputTokens === 'number'
  return readUsage(
    'ai-sdk',
    isV2 ? { inputTokens: { total: inputTokens }, outputTokens: { total: outputTokens } } : usage,
  )
}
