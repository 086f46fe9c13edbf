import { estimatePrompt } from '../estimate-prompt.ts'
import type { MeteredOptions } from './metered-options.ts'
import { createModelCalls, replaceMethods, toModelCall } from './model-calls.ts'

/** A model of embeddings of AI SDK (V2 to V4), as far as it is needed to meter it. */
export interface MeterableEmbedding {
  readonly provider: string
  readonly modelId: string
  doEmbed(options: never): PromiseLike<{ readonly usage?: { readonly tokens: number } | undefined }>
}

/** The same model, each call of which is reserved before it is sent and settled to what it used. */
export function meteredEmbedding<Model extends MeterableEmbedding>(model: Model, options: MeteredOptions): Model {
  const calls = createModelCalls(model, options)

  async function doEmbed(given: unknown) {
    const call = toModelCall(given)
    const price = await calls.price(call)
    const input = estimatePrompt(call.options['values'])
    return await calls.pay(price({ input, requests: 1 }), call, async (payment) => {
      const answer: Awaited<ReturnType<Model['doEmbed']>> = await Reflect.apply(model.doEmbed, model, [
        { ...call.options, abortSignal: payment.signal },
      ])
      const tokens = answer.usage?.tokens
      const isBelieved = tokens !== undefined && Number.isSafeInteger(tokens) && tokens >= 0
      payment.meter(price({ input: isBelieved ? tokens : input, requests: 1 }))
      return answer
    })
  }

  return replaceMethods(model, { doEmbed })
}
