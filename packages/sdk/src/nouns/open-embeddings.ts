import { createCache } from '@core/cache'
import { createEmbeddings, type Embeddings, type EmbeddingsOptions, isLocalModel, type Space } from '@core/embeddings'
import { microCredits } from '@core/ledger'
import { findCallPrice } from '../call-price.ts'
import type { Context } from './context.ts'
import type { CoreLedger } from './core-ledger.ts'
import type { CorePrices } from './core-prices.ts'
import { payFor } from './pay-for.ts'

/** The embeddings of @core/embeddings. */
export interface CoreEmbeddings extends Omit<Embeddings, 'space'> {
  space(name: string): Omit<Space, 'name'>
}

export interface EmbeddingsContext extends Context {
  readonly ledger: Pick<CoreLedger, 'withHold'>
  readonly prices: CorePrices
  readonly models: ModelsOfEmbeddings | undefined
}

/** The model of new spaces, and others of spaces that are searched or migrated. Default: the local model. */
export type ModelsOfEmbeddings = Pick<EmbeddingsOptions, 'model' | 'dimensions' | 'revision' | 'models' | 'language'>

export interface OpenedEmbeddings {
  readonly embeddings: CoreEmbeddings
  close(): Promise<void>
}

/** Vectors in memory; behind them is the database, under a name that all programs of the project share. */
const memory = { maxItems: 10_000, maxBytes: 64 * 1024 * 1024 }

/** Tokens are estimated at four characters; a hold has to cover a script in which each character is one. */
const charactersPerToken = 4

/** Embeddings whose model calls are paid for by the project. The local model is free; one without a price is not called. */
export function openEmbeddings({
  project,
  database,
  clock,
  logger,
  random,
  ledger,
  prices,
  models,
}: EmbeddingsContext): OpenedEmbeddings {
  const vectors = createCache({ namespace: 'embeddings', l1: memory, defaults: { ttl: '1d' }, clock, logger, random })
  const embeddings = createEmbeddings({
    ...models,
    project,
    database,
    clock,
    logger,
    cache: { memory: vectors },
    async price({ provider, model, tokens }) {
      if (isLocalModel(provider, model)) return 0
      const price = await findCallPrice(prices, provider, model)
      return price({ input: tokens, requests: 1 })
    },
    spend: ({ cost }, work) =>
      payFor(ledger, { account: project, max: microCredits(cost * charactersPerToken) }, async (payment) => {
        const value = await work()
        payment.meter(microCredits(value.cost))
        return value
      }),
  })
  return { embeddings, close: () => vectors.close() }
}
