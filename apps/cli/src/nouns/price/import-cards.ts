import type { Client } from '@core/api/client'
import { isCoreError } from '@core/foundation'
import type { PriceCard } from '@core/providers/price'

/** A request stays below the body limit. */
const cardsPerRequest = 250
const cardsPerPage = 1_000

interface PriceSource {
  readonly source: string
  readonly cards: readonly PriceCard[]
}

/** Imports a list in parts, or asks what would change; the answers as one. */
export async function importCards(
  client: Pick<Client, 'importPrices' | 'listPrices'>,
  { source, cards }: PriceSource,
  { write, project }: { readonly write: boolean; readonly project: string },
) {
  const changes: Awaited<ReturnType<Client['importPrices']>>['changes'] = []
  let unchanged = 0
  let overridden = 0
  const unlisted = await countUnlisted(client, { source, cards }, project)
  for (const part of toParts(cards)) {
    const rows = part.map(({ aliases, rates, ...card }) => ({
      ...card,
      aliases: [...aliases],
      rates: rates.map((rate) => ({ ...rate })),
    }))
    const answer = await client.importPrices({ body: { source, dryRun: !write, cards: rows } })
    changes.push(...answer.changes)
    unchanged += answer.unchanged
    overridden += answer.overridden
  }
  return { source, dryRun: !write, unchanged, overridden, unlisted, changes }
}

/** Cards of one model stay together: those with a date are judged beside the one without. */
function toParts(cards: readonly PriceCard[]): PriceCard[][] {
  const parts: PriceCard[][] = [[]]
  for (const ofModel of Map.groupBy(cards, nameOf).values()) {
    const last = parts.at(-1) ?? []
    if (last.length > 0 && last.length + ofModel.length > cardsPerRequest) parts.push([...ofModel])
    else last.push(...ofModel)
  }
  return parts
}

/** Models of earlier versions of the list that it no longer has; null where no project shows which there are. */
async function countUnlisted(client: Pick<Client, 'listPrices'>, { source, cards }: PriceSource, project: string) {
  const listed = new Set(cards.map(nameOf))
  let count = 0
  try {
    for (let cursor: string | undefined, isMore = true; isMore; ) {
      const query = { limit: cardsPerPage, ...(cursor !== undefined && { cursor }) }
      const { data, page } = await client.listPrices({ params: { project }, query })
      count += data.filter((card) => listOf(card.source) === listOf(source) && !listed.has(nameOf(card))).length
      cursor = page.next ?? undefined
      isMore = cursor !== undefined
    }
    return count
  } catch (error) {
    if (project === 'current' && !isCoreError(error, 'E_UNAUTHENTICATED')) return null
    throw error
  }
}

function nameOf({ provider, model }: { readonly provider: string; readonly model: string }): string {
  return `${provider}/${model}`
}

/** The name of a list without its version. */
function listOf(source: string): string | undefined {
  return source.split(' ')[0]
}
