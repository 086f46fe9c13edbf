import { isObject } from '@core/foundation'
import type { Credits } from '@core/ledger'
import { tierOf } from '@core/providers/price'
import { type CallPrice, findCallPrice } from '../call-price.ts'
import { type Payment, payFor } from '../nouns/pay-for.ts'
import type { MeteredOptions } from './metered-options.ts'

interface NamedModel {
  readonly provider: string
  readonly modelId: string
}

/** The calls of a model: what they cost, and who pays for them under which key. */
export interface ModelCalls {
  /** @throws CoreError E_NOT_FOUND where the model has no price. */
  price(call: ModelCall): Promise<CallPrice>
  pay<Value>(max: Credits, call: ModelCall, work: (payment: Payment) => Promise<Value>): Promise<Value>
}

/** The options that a program of the AI SDK calls a model with, as far as they are needed to meter it. */
export interface ModelCall {
  readonly options: Readonly<Record<string, unknown>>
  readonly signal: AbortSignal | undefined
}

export function toModelCall(given: unknown): ModelCall {
  const options = isObject(given) ? given : {}
  const signal = options['abortSignal'] instanceof AbortSignal ? options['abortSignal'] : undefined
  return { options, signal }
}

export function createModelCalls(
  model: NamedModel,
  { core, account, key, metadata, ...rest }: MeteredOptions,
): ModelCalls {
  const provider = rest.provider ?? model.provider.split('.')[0] ?? model.provider
  let calls = 0
  return {
    price: ({ options }) => findCallPrice(core.prices, provider, model.modelId, readTier(options)),
    pay: (max, { signal }, work) =>
      payFor(
        core.ledger,
        {
          account,
          max,
          key: key === undefined ? undefined : `${key}:${++calls}`,
          over: 'overflow',
          metadata: { ...metadata, provider, model: model.modelId },
        },
        work,
        { signal },
      ),
  }
}

/** The service tier that the options of a provider ask for: `providerOptions: { openai: { serviceTier } }`. */
function readTier({ providerOptions }: ModelCall['options']): string | undefined {
  for (const own of isObject(providerOptions) ? Object.values(providerOptions) : []) {
    const tier = isObject(own) ? tierOf(own['serviceTier']) : undefined
    if (tier !== undefined) return tier
  }
  return undefined
}

/** The same model with other methods; everything else is its own. */
export function replaceMethods<Model extends object>(
  model: Model,
  methods: Readonly<Record<string, (given: unknown) => unknown>>,
): Model {
  return new Proxy(model, {
    get(target, name) {
      if (typeof name === 'string' && Object.hasOwn(methods, name)) return methods[name]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
