import { oneUsdPerCredit } from './cost.ts'
import type { FoundPrice } from './price-book.ts'

/** Where prices of models are looked up: a `PriceBook`, or a part of one. */
export interface Prices {
  /** What applied to a model at a time; undefined where no price is known. */
  find(provider: string, model: string, at: Date): FoundPrice | undefined
  /** What a model without a price costs instead. Without it such a model is not called. */
  findDearest?(provider: string, at: Date): FoundPrice | undefined
}

export interface PricedModel {
  readonly provider: string
  /** What kind of provider it is, where it has a name of its own. */
  readonly kind?: string
  readonly model: string
  readonly at: Date
}

/** Models of this process cost nothing unless they are given a price. */
export const freePrice: FoundPrice = {
  rates: [
    { unit: 'input', nanoUsdPerMillion: 0 },
    { unit: 'output', nanoUsdPerMillion: 0 },
    { unit: 'seconds', nanoUsdPerMillion: 0 },
  ],
  credit: oneUsdPerCredit,
}

/** The one rule of what a call costs: by its provider's name, by its kind, and where both are unknown by the dearest. */
export function findPrice(
  prices: Prices,
  { provider, kind = provider, model, at }: PricedModel,
): FoundPrice | undefined {
  return (
    prices.find(provider, model, at) ??
    (kind === provider ? undefined : prices.find(kind, model, at)) ??
    (kind === 'local' ? freePrice : prices.findDearest?.(provider, at))
  )
}
