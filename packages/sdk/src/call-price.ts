import { type Credits, microCredits } from '@core/ledger'
import { costOf, freePrice, requirePrice, type Usage } from '@core/providers/price'
import type { CorePrices } from './nouns/core-prices.ts'

/** What a usage costs by the price that applies when the call begins. */
export type CallPrice = (usage: Usage) => Credits

/** @throws CoreError E_NOT_FOUND where the model has no price: what is unknown is never free. */
export async function findCallPrice(
  prices: CorePrices,
  provider: string,
  model: string,
  tier?: string,
): Promise<CallPrice> {
  const at = new Date()
  const known = await prices.find(provider, model, at)
  // One that only calls itself local is not the model of this process.
  const found = requirePrice(known === freePrice ? undefined : known, provider, model)
  return (usage) => microCredits(costOf({ usage, at, tier, ...found }).micro)
}
