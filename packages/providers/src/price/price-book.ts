import type { PriceCard } from './card.ts'
import { type CreditRate, oneUsdPerCredit } from './cost.ts'
import type { Rate } from './rate.ts'
import type { Unit } from './usage.ts'

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
  /** These are no rates of the model: each unit has the dearest of its provider, else of the book. */
  readonly isApproximated?: true
}

/** What a model without a price costs: its call is refused, or charged at the dearest rates that are known. */
export type UnknownPrice = 'refuse' | 'dearest'

export interface PriceBook {
  /** What applied at a time: undefined where no card is known. The `prices` of `openLlm`. */
  find(provider: string, model: string, at: Date): FoundPrice | undefined
  /** For a model that is not found: undefined where its call is refused. */
  findDearest(provider: string, at: Date): FoundPrice | undefined
  /** The models of a provider that have a card. */
  modelsOf(provider: string): readonly string[]
}

interface Entry {
  readonly card: BookCard
  readonly isExact: boolean
  readonly fromMs: number
}

/** A price book in memory, with the rules of the database: a project's override, an override for all, then the source. */
export function createPriceBook(
  cards: readonly BookCard[],
  creditRates: readonly BookCreditRate[] = [],
  { unknown = 'refuse' }: { readonly unknown?: UnknownPrice } = {},
): PriceBook {
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
  const models = new Map(cards.map((card) => [`${card.provider}/${card.model}`, card]))

  function cardAt(provider: string, model: string, time: number): BookCard | undefined {
    return entries.get(`${provider}/${model}`)?.find(({ fromMs }) => fromMs <= time)?.card
  }

  function creditAt(time: number): CreditRate {
    return worth.find(({ validFrom }) => startOf(validFrom) <= time) ?? oneUsdPerCredit
  }

  return {
    find(provider, model, at) {
      const time = at.getTime()
      const card = cardAt(provider, model, time)
      return card && { rates: card.rates, credit: creditAt(time) }
    },
    findDearest(provider, at) {
      if (unknown === 'refuse') return undefined
      const time = at.getTime()
      const applying = [...models.values()].flatMap((one) => cardAt(one.provider, one.model, time) ?? [])
      const own = applying.filter((card) => card.provider === provider)
      const rates = dearestOf(own.length > 0 ? own : applying)
      return rates.length === 0 ? undefined : { rates, credit: creditAt(time), isApproximated: true }
    },
    modelsOf: (provider) => [...models.values()].filter((card) => card.provider === provider).map(({ model }) => model),
  }
}

/** Of each unit the highest rate, whatever its time, threshold and tier. */
function dearestOf(cards: readonly BookCard[]): Rate[] {
  const highest = new Map<Unit, number>()
  for (const { rates } of cards) {
    for (const { unit, nanoUsdPerMillion } of rates)
      highest.set(unit, Math.max(nanoUsdPerMillion, highest.get(unit) ?? 0))
  }
  return [...highest].map(([unit, nanoUsdPerMillion]) => ({ unit, nanoUsdPerMillion }))
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
