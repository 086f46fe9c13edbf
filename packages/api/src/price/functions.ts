import { z } from 'zod/mini'
import { accepted, anything, instant, object, whole } from '../contract/answer-field.ts'
import * as argument from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

const { bigint, flag, integer, json, named, optional, text } = argument

const rates = z.array(object)
const card = {
  provider: z.string(),
  model: z.string(),
  aliases: z.array(z.string()),
  rates,
  source: z.string(),
  project: z.nullable(z.string()),
  valid_from: instant,
  version: whole,
}
const creditRate = {
  project: z.nullable(z.string()),
  nano_usd_per_credit: whole,
  markup_bp: whole,
  valid_from: instant,
  version: whole,
}
const project = optional(text)
const at = optional(argument.instant)
const from = optional(argument.instant)

export const priceSet = describeFunction({
  name: 'price_set',
  args: { provider: text, model: text, rates: json, from, project },
  answer: z.object({ ...accepted, changed: z.boolean(), ...card }),
})

export const priceImport = describeFunction({
  name: 'price_import',
  args: { source: text, cards: json, dryRun: optional(flag) },
  answer: z.object({
    ...accepted,
    dry_run: z.boolean(),
    unchanged: whole,
    overridden: whole,
    changes: z.array(z.object({ provider: z.string(), model: z.string(), before: anything, after: rates })),
  }),
})

export const priceList = describeFunction({
  name: 'price_list',
  args: {
    provider: optional(text),
    model: optional(text),
    at,
    after: optional(text),
    limit: optional(integer),
    project,
  },
  answer: z.object({ ...accepted, prices: z.array(z.object(card)), next: z.nullable(z.string()) }),
})

/** Where there are `more`, `version` continues the book. */
export const priceBook = describeFunction({
  name: 'price_book',
  args: { afterVersion: optional(bigint), limit: optional(integer), project },
  answer: z.object({
    ...accepted,
    cards: z.array(z.object(card)),
    more: z.boolean(),
    version: whole,
    credit_rates: z.array(z.object(creditRate)),
  }),
})

export const priceQuote = describeFunction({
  name: 'price_quote',
  args: { provider: text, model: text, usage: json, at, project, tier: optional(text), unknown: optional(text) },
  answer: z.object({
    ...accepted,
    provider: z.string(),
    model: z.string(),
    source: z.string(),
    micro: whole,
    approximated: z.array(z.string()),
  }),
})

export const creditRateSet = describeFunction({
  name: 'credit_rate_set',
  args: { nanoUsdPerCredit: bigint, markupBasisPoints: optional(named('p_markup_bp', integer)), from, project },
  answer: z.object({ ...accepted, changed: z.boolean(), ...creditRate }),
})
