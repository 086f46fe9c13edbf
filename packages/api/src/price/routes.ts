import { z } from 'zod'
import { objectField, pageFields, pageOf, projectField, timestampField } from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const units = [
  'input',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'audioIn',
  'imageIn',
  'output',
  'reasoning',
  'audioOut',
  'seconds',
  'searches',
  'requests',
] as const

const providerField = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]{0,99}$/)
  .describe('The provider, such as openai')
const modelField = z.string().min(1).max(200).describe("The model's name at the provider, such as gpt-5")
const clockTime = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/)

const tierField = z.string().regex(/^[a-z0-9_-]{1,50}$/)

const rateField = z
  .strictObject({
    unit: z.enum(units).describe('What the rate is for'),
    nanoUsdPerMillion: z.int().min(0).describe('For a million of it, in nano-USD: 2.5 USD is 2500000000'),
    overInput: z.int().min(0).optional().describe('For the whole call where its prompt has more tokens than this'),
    from: clockTime.optional().describe('At these times of day only, UTC, with to'),
    to: clockTime.optional().describe('The end of the time of day; it may pass midnight'),
    tier: tierField.optional().describe('For calls of this service tier alone; it has rates for all its units'),
  })
  .meta({ id: 'PriceRate' })

const card = {
  provider: z.string().describe('The provider'),
  model: z.string().describe('The model'),
  aliases: z.array(z.string()).describe('Other names of the model'),
  rates: z.array(objectField).describe('{ unit, nanoUsdPerMillion, overInput?, from?, to?, tier? }'),
  source: z.string().describe('override, or where it was imported from'),
  project: z.string().nullable().describe('Whose override it is; null for all projects'),
  validFrom: timestampField.describe('From when on it applies'),
  version: z.int().describe('Grows with each change of the price book'),
}
const cardSchema = z.object(card).meta({ id: 'Price' })
const usageField = z
  .strictObject(
    Object.fromEntries(units.map((unit) => [unit, z.int().min(0).optional().describe(`Number of ${unit}`)])),
  )
  .describe('Disjoint: input excludes what was read from or written to a cache')

const exampleRates = [
  { unit: 'input', nanoUsdPerMillion: 1_250_000_000 },
  { unit: 'output', nanoUsdPerMillion: 10_000_000_000 },
] as const
const example = {
  provider: 'openai',
  model: 'gpt-5',
  aliases: ['gpt-5-2025-08-07'],
  rates: [...exampleRates],
  source: 'genai-prices 0.1.8',
  project: null,
  validFrom: '1970-01-01T00:00:00+00:00',
  version: 17,
}

export const listPrices = defineRoute({
  operation: 'listPrices',
  method: 'GET',
  path: '/v1/projects/{project}/prices',
  noun: 'prices',
  summary: 'The prices of models that apply to a project, by provider and model',
  auth: 'price:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    query: z.strictObject({
      ...pageFields(z.string().min(1).max(301)),
      provider: providerField.optional(),
      model: modelField.optional(),
      at: timestampField.optional().describe('Those of this time; left out, of now'),
    }),
  },
  outputs: { 200: pageOf(cardSchema) },
  problems: [],
  examples: [
    {
      title: 'One model',
      params: { project: 'current' },
      query: { provider: 'openai', model: 'gpt-5' },
      status: 200,
      response: { data: [example], page: { next: null } },
    },
  ],
})

export const quotePrice = defineRoute({
  operation: 'quotePrice',
  method: 'POST',
  path: '/v1/projects/{project}/prices/quote',
  noun: 'prices',
  summary: 'What usage of a model costs, in whole micro-credits rounded up once',
  auth: 'price:read',
  idempotencyKey: 'none',
  isReadOnly: true,
  input: {
    ...noInput,
    params: z.strictObject({ project: projectField }),
    body: z.strictObject({
      provider: providerField,
      model: modelField,
      usage: usageField,
      at: timestampField.optional().describe('When the call started; left out, now'),
      tier: tierField.optional().describe('The service tier of the call, such as priority; left out, the standard one'),
    }),
  },
  outputs: {
    200: z
      .object({
        provider: z.string().describe('The provider'),
        model: z.string().describe('The model whose card applies'),
        source: z
          .string()
          .describe(
            'override, where it was imported from, local: free in this process, or dearest: no price (CORE_PRICE_UNKNOWN)',
          ),
        micro: z.int().describe('Whole micro-credits'),
        approximated: z.array(z.string()).describe('Units without a rate of their own, priced as the dearest'),
      })
      .meta({ id: 'PriceQuote' }),
  },
  problems: ['not_found'],
  examples: [
    {
      title: 'A short chat',
      params: { project: 'current' },
      body: { provider: 'openai', model: 'gpt-5', usage: { input: 1_200, output: 350 } },
      status: 200,
      response: { provider: 'openai', model: 'gpt-5', source: 'genai-prices 0.1.8', micro: 5_000, approximated: [] },
    },
  ],
})

const projectOfPrice = projectField.optional().describe('For this project alone; left out, for all')
const fromField = timestampField.optional().describe('From when on; left out, from now on')

export const setPrice = defineRoute({
  operation: 'setPrice',
  method: 'PUT',
  path: '/v1/prices',
  noun: 'prices',
  summary: 'Override the rates of a model from a time on; for the owner',
  description:
    'Earlier cards stay, so that what calls cost can be worked out again. The same call again changes nothing.',
  auth: 'price:write',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    body: z.strictObject({
      provider: providerField,
      model: modelField,
      rates: z.array(rateField).min(1).max(64).describe('All rates of the model'),
      from: fromField,
      project: projectOfPrice,
    }),
  },
  outputs: {
    200: z
      .object({ changed: z.boolean().describe('false: it had these rates already'), ...card })
      .meta({ id: 'ChangedPrice' }),
  },
  problems: ['not_found'],
  examples: [
    {
      title: 'A negotiated price',
      body: { provider: 'openai', model: 'gpt-5', rates: [...exampleRates] },
      status: 200,
      response: { changed: true, ...example, aliases: [], source: 'override' },
    },
  ],
})

export const importPrices = defineRoute({
  operation: 'importPrices',
  method: 'PUT',
  path: '/v1/prices/import',
  noun: 'prices',
  summary: 'Take over new and changed prices of a source, or see what would change; for the owner',
  description: 'The same call again changes nothing. dryRun answers the same and writes nothing.',
  auth: 'price:write',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    body: z.strictObject({
      source: z.string().min(1).max(100).describe('Where the prices come from: a name, and after a space its version'),
      dryRun: z.boolean().default(false).describe('Only say what would change'),
      cards: z
        .array(
          z.strictObject({
            provider: providerField,
            model: modelField,
            aliases: z.array(z.string().min(1).max(200)).max(32).optional().describe('Other names of the model'),
            rates: z.array(rateField).min(1).max(64).describe('All rates of the model'),
            validFrom: z
              .union([z.iso.date(), timestampField])
              .optional()
              .describe(
                'A date or a time; left out, always. Of a model that was known before, from now on at the earliest',
              ),
          }),
        )
        .min(1)
        .max(500)
        .describe('At most 500 at a time, those of one model together'),
    }),
  },
  outputs: {
    200: z
      .object({
        dryRun: z.boolean().describe('true: nothing was written'),
        unchanged: z.int().describe('Cards that are so already'),
        overridden: z.int().describe('Cards of models that have an override, which stays in force'),
        changes: z
          .array(
            z.object({
              provider: z.string().describe('The provider'),
              model: z.string().describe('The model'),
              before: z.array(objectField).nullable().describe('The rates so far; null for a new model'),
              after: z.array(objectField).describe('The rates of the source'),
            }),
          )
          .describe('What is new or different'),
      })
      .meta({ id: 'PriceImport' }),
  },
  problems: ['not_found'],
  examples: [
    {
      title: 'What would change',
      body: { source: 'list', dryRun: true, cards: [{ provider: 'openai', model: 'gpt-5', rates: [...exampleRates] }] },
      status: 200,
      response: {
        dryRun: true,
        unchanged: 0,
        overridden: 0,
        changes: [{ provider: 'openai', model: 'gpt-5', before: null, after: [...exampleRates] }],
      },
    },
  ],
})

export const setCreditRate = defineRoute({
  operation: 'setCreditRate',
  method: 'PUT',
  path: '/v1/credit-rate',
  noun: 'prices',
  summary: 'Change what a credit is worth from a time on; for the owner',
  description: 'Without any rate one credit is one USD. The same call again changes nothing.',
  auth: 'price:write',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    body: z.strictObject({
      nanoUsdPerCredit: z.int().min(1).describe('Nano-USD of a credit: one USD is 1000000000'),
      markupBasisPoints: z
        .int()
        .min(0)
        .max(1_000_000)
        .default(0)
        .describe('Added to each price, in hundredths of a percent'),
      from: fromField,
      project: projectOfPrice,
    }),
  },
  outputs: {
    200: z
      .object({
        changed: z.boolean().describe('false: it was so already'),
        project: z.string().nullable().describe('null: for all projects'),
        nanoUsdPerCredit: z.int().describe('Nano-USD of a credit'),
        markupBasisPoints: z.int().describe('Added to each price, in hundredths of a percent'),
        validFrom: timestampField.describe('From when on it applies'),
        version: z.int().describe('Grows with each change of the price book'),
      })
      .meta({ id: 'CreditRate' }),
  },
  problems: ['not_found'],
  examples: [
    {
      title: 'A cent per credit, 20 % on top',
      body: { nanoUsdPerCredit: 10_000_000, markupBasisPoints: 2_000 },
      status: 200,
      response: {
        changed: true,
        project: null,
        nanoUsdPerCredit: 10_000_000,
        markupBasisPoints: 2_000,
        validFrom: '2026-11-20T09:30:00+00:00',
        version: 18,
      },
    },
  ],
})

export const routes = [listPrices, quotePrice, setPrice, importPrices, setCreditRate] as const
