import type { PriceCard } from './card.ts'
import { type CreditRate, oneUsdPerCredit } from './cost.ts'
import type { Rate } from './rate.ts'

/** A card as the database keeps it. */
export interface BookCard extends PriceCard {
  /** `override`, or where it was imported from. Default: imported. */
  readonly source?: string
  /** Whose override it is; null for all. */
  readonly project?: string | null
  readonly version?: number
}

export interface BookCreditRate extends CreditRate {
  readonly project?: string | null
  readonly validFrom?: string
  readonly version?: number
}

export interface FoundPrice {
  readonly rates: readonly Rate[]
  readonly credit: CreditRate
}

export interface PriceBook {
  /** What applied at a time: undefined where no card is known. The `prices` of `openLlm`. */
  find(provider: string, model: string, at: Date): FoundPrice | undefined
}

interface Entry {
  readonly card: BookCard
  readonly isExact: boolean
  readonly fromMs: number
}

/** A price book in memory, with the rules of the database: a project's override, an override for all, then the source. */
export function createPriceBook(cards: readonly BookCard[], creditRates: readonly BookCreditRate[] = []): PriceBook {
  const entries = new Map<string, Entry[]>()
  for (const card of cards) {
    for (const name of new Set([card.model, ...card.aliases])) {
      const key = `${card.provider}/${name}`
      const entry = { card, isExact: name === card.model, fromMs: startOf(card.validFrom) }
      entries.set(key, [...(entries.get(key) ?? []), entry])
    }
  }
  for (const list of entries.values()) list.sort(byPrecedence)
  const worth = [...creditRates].sort(
    (a, b) =>
      Number(a.project == null) - Number(b.project == null) ||
      startOf(b.validFrom) - startOf(a.validFrom) ||
      (b.version ?? 0) - (a.version ?? 0),
  )
  return {
    find(provider, model, at) {
      const time = at.getTime()
      const found = entries.get(`${provider}/${model}`)?.find(({ fromMs }) => fromMs <= time)
      if (found === undefined) return undefined
      const credit = worth.find(({ validFrom }) => startOf(validFrom) <= time) ?? oneUsdPerCredit
      return { rates: found.card.rates, credit }
    },
  }
}

function byPrecedence(a: Entry, b: Entry): number {
  return (
    Number(a.card.project == null) - Number(b.card.project == null) ||
    Number(a.card.source !== 'override') - Number(b.card.source !== 'override') ||
    Number(b.isExact) - Number(a.isExact) ||
    b.fromMs - a.fromMs ||
    (b.card.version ?? 0) - (a.card.version ?? 0)
  )
}

function startOf(validFrom: string | undefined): number {
  return validFrom === undefined ? Number.NEGATIVE_INFINITY : Date.parse(validFrom)
}
