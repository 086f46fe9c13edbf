import { type PriceCard, parseCards } from './card.ts'
import { genaiCards, genaiSource } from './generated/genai-cards.ts'

/** The name of the prices that come with this version, as `price_import` keeps it. */
export const shippedSource: string = genaiSource

/** The prices that come with this version: public list prices, which an override replaces. */
export function readShippedCards(): readonly PriceCard[] {
  return parseCards(JSON.parse(genaiCards))
}
