import type { FollowedPriceBook, FoundPrice } from '@core/providers/price'

/** What models cost, kept in memory and read again every 30 s. */
export interface CorePrices {
  /**
   * Undefined where no price is known, unless CORE_PRICE_UNKNOWN is `dearest`; models of this process (`local`) cost
   * nothing unless they are given one. `at`: when the call starts; default now.
   */
  find(provider: string, model: string, at?: Date): Promise<FoundPrice | undefined>
}

export function toCorePrices(book: () => Promise<FollowedPriceBook>): CorePrices {
  return {
    async find(provider, model, at = new Date()) {
      // With the first book: a program that asks for no price does not load them.
      const [{ findPrice }, prices] = await Promise.all([import('@core/providers/price'), book()])
      return findPrice(prices, { provider, model, at })
    },
  }
}
