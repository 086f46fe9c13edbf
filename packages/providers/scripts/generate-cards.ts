import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import {
  type ConditionalPrice,
  findProvider,
  type ModelInfo,
  type ModelPrice,
  type Provider,
} from '@pydantic/genai-prices'
import type { PriceCard } from '../src/price/card.ts'
import type { Rate } from '../src/price/rate.ts'
import type { Unit } from '../src/price/usage.ts'

/** Of each key of the source: our unit, and how many of it a price of one USD pays for. */
const units: Readonly<Record<string, { readonly unit: Unit; readonly per: number }>> = {
  input_mtok: { unit: 'input', per: 1e6 },
  cache_read_mtok: { unit: 'cacheRead', per: 1e6 },
  cache_write_mtok: { unit: 'cacheWrite', per: 1e6 },
  cache_write_1h_mtok: { unit: 'cacheWrite1h', per: 1e6 },
  input_audio_mtok: { unit: 'audioIn', per: 1e6 },
  input_image_mtok: { unit: 'imageIn', per: 1e6 },
  output_mtok: { unit: 'output', per: 1e6 },
  output_reasoning_mtok: { unit: 'reasoning', per: 1e6 },
  output_audio_mtok: { unit: 'audioOut', per: 1e6 },
  audio_hours: { unit: 'seconds', per: 3_600 },
  web_searches_kcount: { unit: 'searches', per: 1e3 },
  requests_kcount: { unit: 'requests', per: 1e3 },
}

/** Output that costs more than text and that no unit counts: such models are left out, and so refused. */
const uncounted = ['output_image_mtok', 'output_video_mtok']

/** What the source lacks: the audio of this model has a price of its own (list price of its maker). */
const additions: Readonly<Record<string, readonly Rate[]>> = {
  'openai/gpt-4o-audio-preview': [
    { unit: 'audioIn', nanoUsdPerMillion: 40_000_000_000 },
    { unit: 'audioOut', nanoUsdPerMillion: 80_000_000_000 },
  ],
}

const longestName = 200
const mostAliases = 32

/** The cards of every provider and model that the source knows, by provider, model and date. */
export async function generateCards(): Promise<{ readonly source: string; readonly cards: readonly PriceCard[] }> {
  const entry = createRequire(import.meta.url).resolve('@pydantic/genai-prices')
  const manifest: { version: string } = JSON.parse(await readFile(join(dirname(entry), '../package.json'), 'utf8'))
  const cards = (await listProviders(entry)).flatMap((provider) =>
    provider.models.flatMap((model) => toCards(provider, model)),
  )
  cards.sort((a, b) => compare(keyOf(a), keyOf(b)))
  return { source: `genai-prices ${manifest.version}`, cards }
}

/** The package lists no providers, but finds each by its id; its text has all ids. */
async function listProviders(entry: string): Promise<readonly Provider[]> {
  const text = await readFile(entry, 'utf8')
  const ids = new Set([...text.matchAll(/\bid:\s*["'`]([^"'`]+)["'`]/g)].map(([, id]) => id ?? ''))
  const found = [...ids].map((providerId) => findProvider({ providerId })).filter((one) => one !== undefined)
  return [...new Map(found.map((provider) => [provider.id, provider])).values()]
}

function toCards(provider: Provider, model: ModelInfo): PriceCard[] {
  const prices = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }]
  if (model.id.length > longestName || prices.some((price) => uncounted.some((key) => key in price.prices))) return []
  const dates = [...new Set(prices.map(dateOf))]
  return dates.flatMap((date) => {
    const rates = prices.filter((price) => dateOf(price) === date).flatMap(toRates)
    const added = additions[`${provider.id}/${model.id}`] ?? []
    if (rates.length === 0) return []
    const card = { provider: provider.id, model: model.id, aliases: aliasesOf(model), rates: [...rates, ...added] }
    return [date === undefined ? card : { ...card, validFrom: date }]
  })
}

function dateOf({ constraint }: ConditionalPrice): string | undefined {
  return constraint?.type === 'start_date' ? constraint.start_date : undefined
}

function toRates({ prices, constraint }: ConditionalPrice): Rate[] {
  const time =
    constraint?.type === 'time_of_date'
      ? { from: constraint.start_time.slice(0, 5), to: constraint.end_time.slice(0, 5) }
      : {}
  return Object.entries(units).flatMap(([key, { unit, per }]) =>
    tiersOf(prices[key]).map(({ usd, overInput }) => ({
      unit,
      // Up, so that a price is never below the source's.
      nanoUsdPerMillion: Math.ceil(roundOff((usd * 1e9 * 1e6) / per)),
      ...(overInput === 0 ? {} : { overInput }),
      ...time,
    })),
  )
}

function tiersOf(price: ModelPrice[string]): readonly { readonly usd: number; readonly overInput: number }[] {
  if (price === undefined) return []
  if (typeof price === 'number') return [{ usd: price, overInput: 0 }]
  return [{ usd: price.base, overInput: 0 }, ...price.tiers.map(({ start, price: usd }) => ({ usd, overInput: start }))]
}

/** 0.1 * 1e9 is not whole in floating point; a price has at most nine digits that count. */
function roundOff(value: number): number {
  return Number(value.toPrecision(12))
}

/** Names that the source matches as a whole or by their beginning: exact here, for a name that is not listed is unknown. */
function aliasesOf({ id, match }: ModelInfo): string[] {
  const names = new Set<string>()
  const visit = (logic: ModelInfo['match']): void => {
    if ('or' in logic) for (const one of logic.or) visit(one)
    if ('equals' in logic) names.add(logic.equals)
    if ('starts_with' in logic) names.add(logic.starts_with)
  }
  visit(match)
  names.delete(id)
  return [...names].filter((name) => name.length <= longestName && name !== '').slice(0, mostAliases)
}

function keyOf({ provider, model, validFrom = '' }: PriceCard): string {
  return `${provider}\n${model}\n${validFrom}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
