import type { FollowedPriceBook, FoundPrice } from '@core/providers/price'

/** What models cost, kept in memory and read again every 30 s. */
export interface CorePrices {
  /**
   * Undefined where no price is known, unless CORE_PRICE_UNKNOWN is `dearest`. `at`: when the call starts; default now.
   */
  find(provider: string, model: string, at?: Date): Promise<FoundPrice | undefined>
}

export function toCorePrices(book: () => Promise<FollowedPriceBook>): CorePrices {
  return {
    async find(provider, model, at = new Date()) {
      const prices = await book()
      return prices.find(provider, model, at) ?? prices.findDearest(provider, at)
    },
  }
}
