import type { Client } from '@core/api/client'
import type { PriceCard } from '@core/providers/price'

/** A request stays below the body limit. */
const cardsPerRequest = 250

interface PriceSource {
  readonly source: string
  readonly cards: readonly PriceCard[]
}

/** Imports a list in parts, or asks what would change; the answers as one. */
export async function importCards(
  client: Pick<Client, 'importPrices'>,
  { source, cards }: PriceSource,
  write: boolean,
) {
  const changes: Awaited<ReturnType<Client['importPrices']>>['changes'] = []
  let unchanged = 0
  for (let at = 0; at < cards.length; at += cardsPerRequest) {
    const part = cards.slice(at, at + cardsPerRequest).map(({ aliases, rates, ...card }) => ({
      ...card,
      aliases: [...aliases],
      rates: rates.map((rate) => ({ ...rate })),
    }))
    const answer = await client.importPrices({ body: { source, dryRun: !write, cards: part } })
    changes.push(...answer.changes)
    unchanged += answer.unchanged
  }
  return { source, dryRun: !write, unchanged, changes }
}
