import { type FollowedPriceBook, type FoundPrice, findPrice } from '@core/providers/price'

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
      return findPrice(await book(), { provider, model, at })
    },
  }
}
