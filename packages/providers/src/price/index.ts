export { type PriceCard, parseCards, parseRates } from './card.ts'
export { type Cost, type CostRequest, type CreditRate, costOf, oneUsdPerCredit } from './cost.ts'
export { estimateTokens } from './estimate-tokens.ts'
export { findPrice, freePrice, type PricedModel, type Prices } from './find-price.ts'
export { type FollowedPriceBook, type FollowPriceBookOptions, followPriceBook } from './follow-price-book.ts'
export {
  type BookCard,
  type BookCreditRate,
  createPriceBook,
  type FoundPrice,
  type PriceBook,
  type UnknownPrice,
} from './price-book.ts'
export type { Rate } from './rate.ts'
export { requirePrice } from './require-price.ts'
export { tierOf } from './tier-of.ts'
export { type Unit, type Usage, units } from './usage.ts'
