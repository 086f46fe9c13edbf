import { CoreError } from '@core/foundation'
import { z } from 'zod/mini'
import type { Rate } from './rate.ts'
import { units } from './usage.ts'

/** The rates of a model, from a time on. */
export interface PriceCard {
  readonly provider: string
  readonly model: string
  readonly aliases: readonly string[]
  readonly rates: readonly Rate[]
  /** A date or an instant, UTC; always, where it is left out. */
  readonly validFrom?: string
}

const whole = z.number().check(z.refine((value) => Number.isSafeInteger(value) && value >= 0))
const clockTime = z.string().check(z.regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/))
const rateSchema = z.strictObject({
  unit: z.enum(units),
  nanoUsdPerMillion: whole,
  overInput: z.optional(whole),
  from: z.optional(clockTime),
  to: z.optional(clockTime),
  tier: z.optional(z.string().check(z.regex(/^[a-z0-9_-]{1,50}$/))),
})
const cardSchema = z.strictObject({
  provider: z.string(),
  model: z.string(),
  aliases: z._default(z.array(z.string()), []),
  rates: z.array(rateSchema),
  validFrom: z.optional(z.string()),
})

/**
 * Cards from JSON: `[{ provider, model, aliases?, rates, validFrom? }]`.
 * @throws CoreError E_INVALID that names the first place that is wrong.
 */
export function parseCards(json: unknown): readonly PriceCard[] {
  const parsed = z.array(cardSchema).safeParse(json)
  if (parsed.success) return parsed.data.map(toCard)
  const place = parsed.error.issues[0]?.path.join('.') ?? ''
  throw new CoreError('E_INVALID', `the prices are not valid at ${place === '' ? 'the top' : place}`, {
    fix: 'Write a list of { provider, model, aliases?, rates: [{ unit, nanoUsdPerMillion }], validFrom? }.',
    details: { place },
  })
}

/** Rates of the database or a file, whose JSON has no more than it says. */
export function parseRates(json: unknown): readonly Rate[] {
  const parsed = z.array(rateSchema).safeParse(json)
  if (parsed.success) return parsed.data.map(toRate)
  throw new CoreError('E_INVALID', 'the rates of a price are not valid', {
    fix: 'Upgrade @core/providers, so that it knows every unit of the price book.',
  })
}

type Optional<Value> = { [Name in keyof Value]: Value[Name] | undefined }

function toRate({ overInput, from, to, tier, ...rate }: z.infer<typeof rateSchema>): Rate {
  return { ...rate, ...present({ overInput, from, to, tier }) }
}

function toCard({ rates, validFrom, ...card }: z.infer<typeof cardSchema>): PriceCard {
  return { ...card, rates: rates.map(toRate), ...present({ validFrom }) }
}

function present<Value extends object>(value: Optional<Value>): Partial<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Partial<Value>
}
