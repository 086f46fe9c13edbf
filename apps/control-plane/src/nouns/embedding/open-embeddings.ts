import type { Database, MemberClaims } from '@core/database'
import { createEmbeddings, type Embeddings, type FindModelOptions, type ModelOptions } from '@core/embeddings'
import { isCoreError, type Logger } from '@core/foundation'
import { LRUCache } from 'lru-cache'
import type { ModelCalls } from '../../process/noun.ts'

/** The provider of vectors that this control plane asks the router for. */
export const routerProvider = 'router'
/** Of vectors whose length was asked for; the others have the model's own. */
export const reducedRevision = 'reduced'

export interface OpenEmbeddingsDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly modelCalls: ModelCalls
  readonly logger: Logger
}

/** Who embeds: the project pays for its calls, and keeps their vectors. */
export interface Embedder {
  readonly project: string
  readonly subject: string
  /** Undefined: this process itself. */
  readonly claims?: MemberClaims | undefined
  /** Throws where the caller may not call models. */
  readonly admit?: (() => void) | undefined
}

export interface OpenedEmbeddings {
  readonly embeddings: Embeddings
  /** What its calls of models have cost, in micro-credits. */
  cost(): number
}

export type OpenEmbeddings = (embedder: Embedder) => OpenedEmbeddings

/** Vectors of all projects in memory; the database has the rest. */
const memoryCharacters = 16 * 1024 * 1024

/** Embeddings with the local model and those of the router, each call of which is paid for by the ledger. */
export function createOpenEmbeddings({ database, modelCalls, logger }: OpenEmbeddingsDependencies): OpenEmbeddings {
  const vectors = new LRUCache<string, string>({
    maxSize: memoryCharacters,
    sizeCalculation: (vector, key) => vector.length + key.length,
  })

  return ({ project, subject, claims, admit = () => {} }) => {
    let cost = 0
    // One answer of a provider that the project itself has set, and nothing that comes after it is offered to others.
    let isOffered = true
    const models: FindModelOptions = ({ provider, model, revision, dims }) => {
      if (provider !== routerProvider) return undefined
      admit()
      const dimensions = revision === reducedRevision ? dims : undefined
      return routerModel(model, dims, revision, async (texts, signal) => {
        const embedded = await modelCalls.embed({ project, subject, model, dimensions, texts, signal })
        cost += embedded.cost
        isOffered &&= embedded.isCommon
        return embedded
      })
    }
    const embeddings = createEmbeddings({
      database: asProcess(database, claims),
      project,
      models,
      logger,
      isFinal: (error) => isCoreError(error, 'E_CONFLICT'),
      cache: {
        shared: {
          isUsable: async ({ provider, modelId }) =>
            provider === routerProvider && (await modelCalls.isCommon(project, modelId)),
          isOffered: () => isOffered,
        },
        memory: {
          peek: (key) => vectors.get(`${project} ${key}`),
          set: (key, vector) => void vectors.set(`${project} ${key}`, vector),
        },
      },
    })
    return { embeddings, cost: () => cost }
  }
}

/** Kept vectors are this process's doing, whatever the scopes of the caller; everything else acts for the caller. */
function asProcess(database: Pick<Database, 'rpc'>, claims: MemberClaims | undefined): Pick<Database, 'rpc'> {
  if (claims === undefined) return database
  return {
    rpc: (name, args, options) =>
      database.rpc(name, args, name.startsWith('embedding_cache_') ? options : { ...options, claims }),
  }
}

function routerModel(
  model: string,
  dimensions: number,
  revision: string,
  embed: (
    texts: readonly string[],
    signal: AbortSignal | undefined,
  ) => Promise<{ readonly vectors: number[][]; readonly tokens: number }>,
): ModelOptions {
  return {
    dimensions,
    revision,
    model: {
      provider: routerProvider,
      modelId: model,
      maxEmbeddingsPerCall: textsPerCall,
      async doEmbed({ values, abortSignal }) {
        const { vectors, tokens } = await embed(values, abortSignal)
        return { embeddings: vectors, usage: { tokens } }
      },
    },
  }
}

/** Within what makers take: 2,048 texts and 300,000 tokens of OpenAI, at the pieces of chunkText. */
const textsPerCall = 256
