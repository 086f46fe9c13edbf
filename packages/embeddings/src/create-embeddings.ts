import { callable, embeddingEnable } from '@core/api/functions'
import type { Database, RpcOptions } from '@core/database'
import { type CallOptions, type Clock, CoreError, type Logger, silentLogger, systemClock } from '@core/foundation'
import { LRUCache } from 'lru-cache'
import {
  createEmbedder,
  type EmbedLimits,
  type ModelUsage,
  type Price,
  type SharedVectors,
  type Spend,
  type VectorMemory,
} from './embedder.ts'
import type { Kernel, ModelIdentity } from './kernel.ts'
import { createLocalModel, localDimensions, localRevision } from './local-model.ts'
import { type MigrateOptions, measureRecall, migrateSpace, type RecallOptions } from './migrate.ts'
import type { EmbeddingModel, IdentifiedModel } from './model.ts'
import type { Space } from './space.ts'
import { type KnownModels, spaceInProject } from './space-in-project.ts'
import { requireTexts } from './texts.ts'
import { toVector } from './vector.ts'

/** A model, the length of its vectors, and what tells its revisions apart. */
export interface ModelOptions {
  model: EmbeddingModel
  dimensions: number
  revision?: string | undefined
}

export interface EmbeddingsOptions {
  database: Pick<Database, 'rpc'>
  /** Whose spaces these are. Default: the project of the connection's credential. */
  project?: string | undefined
  /** Acts for this key or project; without claims, as the role of the database connection. */
  claims?: RpcOptions['claims']
  /** Embeds texts of new spaces. Default: the local model, which finds shared words and needs no network. */
  model?: EmbeddingModel | undefined
  /** The length of the model's vectors, 1 to 4,000. Required with `model`. */
  dimensions?: number | undefined
  revision?: string | undefined
  /** Further models, of spaces that are searched or migrated; or what finds one. The local model is always among them. */
  models?: readonly ModelOptions[] | FindModelOptions | undefined
  limits?: EmbedLimits | undefined
  /**
   * What is kept of vectors: this many in memory (default 2,000), or what `memory` keeps, and all in the database unless false.
   * `shared`: uses and offers vectors of other projects as well; without it those of the own project only.
   */
  cache?:
    | {
        memoryItems?: number | undefined
        memory?: VectorMemory | undefined
        database?: boolean | undefined
        shared?: SharedVectors | undefined
      }
    | undefined
  /** What a call of a model costs, in micro-credits: what `spend`, `onUsage` and results say of cost. Default 0. */
  price?: Price | undefined
  /** Runs each call of a model within a budget. */
  spend?: Spend | undefined
  /** Which failures of a model end the work, as those of `spend` do: texts after it are not sent. Default: none. */
  isFinal?: ((error: unknown) => boolean) | undefined
  onUsage?: ((usage: ModelUsage) => void) | undefined
  /** How words of new spaces are reduced for text search: `simple`, or a language of Postgres. Default `english`. */
  language?: string | undefined
  logger?: Logger | undefined
  clock?: Clock | undefined
}

/** The model that made the vectors of a space, or undefined. What it throws refuses the call before anything is written. */
export type FindModelOptions = (identity: Omit<ModelIdentity, 'generation' | 'has_vectors'>) => ModelOptions | undefined

/** Texts by meaning. It owns nothing that has to be closed. */
export interface Embeddings {
  /** `owner`: the project that shares the space with this one. Model calls and kept vectors are this project's all the same. */
  space(name: string, options?: { owner?: string | undefined }): Space
  /** Vectors of texts in their order. What failed is named; what succeeded is kept. */
  embed(texts: readonly string[], options?: CallOptions): Promise<Embedded>
  /** Gives a space the vectors of another model, without a moment in which it cannot be searched. */
  migrate(space: string, to: ModelOptions, options?: MigrateOptions): Promise<{ swapped: boolean; written: number }>
  recall(space: string, options?: RecallOptions): ReturnType<typeof measureRecall>
  /** Installs the extension vector where the server offers it. Only for the owner of the database. */
  enable(options?: CallOptions): Promise<{ enabled: boolean; reason?: string | undefined }>
}

export interface Embedded {
  /** Undefined for an empty text and for one that failed. */
  readonly vectors: readonly (readonly number[] | undefined)[]
  readonly failures: readonly { readonly index: number; readonly error: CoreError }[]
  readonly usage: {
    readonly calls: number
    readonly tokens: number
    /** In micro-credits; 0 without a `price`. */
    readonly cost: number
    readonly embedded: number
    readonly cached: number
  }
}

export function createEmbeddings(options: EmbeddingsOptions): Embeddings {
  const { claims, logger = silentLogger, clock = systemClock, language } = options
  const project = options.project ?? (claims?.role === 'core_member' ? claims.project : undefined)
  const database: Pick<Database, 'rpc'> =
    claims === undefined
      ? options.database
      : { rpc: (name, args, callOptions) => options.database.rpc(name, args, { ...callOptions, claims }) }
  const local = { model: createLocalModel(), dimensions: localDimensions, revision: localRevision }
  const model = options.model === undefined ? local : identify(options.model, options.dimensions, options.revision)
  const { models = [] } = options
  const more = typeof models === 'function' ? [] : models.map(identifyOne)
  const embed = createEmbedder({
    database,
    project,
    limits: options.limits ?? {},
    memory: options.cache?.memory ?? createMemory(options.cache?.memoryItems ?? 2_000),
    keeps: options.cache?.database ?? true,
    shared: options.cache?.shared,
    price: options.price,
    spend: options.spend,
    isFinal: options.isFinal,
    onUsage: options.onUsage,
    logger,
  })
  const find: Kernel['find'] = (identity) => {
    const found = typeof models === 'function' ? models(identity) : undefined
    return found && identifyOne(found)
  }
  const kernel: Kernel = { database, project, model, models: [model, ...more, local], find, embed, logger }
  const known: KnownModels = new Map()

  return {
    space: (name, { owner = project } = {}) =>
      spaceInProject(name, { kernel: { ...kernel, project: owner }, known, clock, language }),
    async embed(texts, call) {
      const { vectors, failures, usage } = await embed(model, requireTexts(texts), call)
      return {
        vectors: vectors.map((vector) => (vector === undefined ? undefined : toVector(vector))),
        failures,
        usage,
      }
    },
    migrate(name, to, migrateOptions) {
      const next = identifyOne(to)
      known.clear()
      return migrateSpace({ ...kernel, models: [next, ...kernel.models] }, name, next, migrateOptions)
    },
    recall: (name, recallOptions) => measureRecall(kernel, name, recallOptions),
    async enable(call) {
      const { enabled, reason } = await callable(database, embeddingEnable)({}, call)
      return { enabled, reason }
    },
  }
}

function createMemory(max: number): VectorMemory {
  const vectors = new LRUCache<string, string>({ max })
  return { peek: (key) => vectors.get(key), set: (key, vector) => void vectors.set(key, vector) }
}

const identifyOne = ({ model, dimensions, revision }: ModelOptions) => identify(model, dimensions, revision)

function identify(model: EmbeddingModel, dimensions: number | undefined, revision = ''): IdentifiedModel {
  if (dimensions !== undefined && Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= 4_000) {
    return { model, dimensions, revision }
  }
  throw new CoreError('E_INVALID', `dimensions must be a whole number from 1 to 4000, got ${dimensions}`, {
    fix: 'Pass the length of the vectors of the model.',
    details: { field: 'dimensions' },
  })
}
