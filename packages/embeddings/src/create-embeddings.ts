import {
  callable,
  embeddingDelete,
  embeddingDocuments,
  embeddingEnable,
  embeddingSpaceDrop,
  embeddingSpaceOpen,
  embeddingStats,
} from '@core/api/functions'
import type { Database, RpcOptions } from '@core/database'
import { type CallOptions, type Clock, CoreError, type Logger, silentLogger, systemClock } from '@core/foundation'
import { drainSpace } from './drain.ts'
import { createEmbedder, type EmbedLimits, type ModelUsage, type Spend } from './embedder.ts'
import { type Kernel, type ModelIdentity, toConflict } from './kernel.ts'
import { createLocalModel, localDimensions, localRevision } from './local-model.ts'
import { type MigrateOptions, measureRecall, migrateSpace, type RecallOptions } from './migrate.ts'
import type { EmbeddingModel, IdentifiedModel } from './model.ts'
import { searchSpace } from './search.ts'
import type { Space } from './space.ts'
import { requireTexts } from './texts.ts'
import { upsertDocuments } from './upsert.ts'
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
  /** Further models, of spaces that are searched or migrated. The local model is always among them. */
  models?: readonly ModelOptions[] | undefined
  limits?: EmbedLimits | undefined
  /** What is kept of vectors: this many in memory (default 2,000), and all in the database unless false. */
  cache?: { memoryItems?: number | undefined; database?: boolean | undefined } | undefined
  /** Runs each call of a model within a budget. */
  spend?: Spend | undefined
  onUsage?: ((usage: ModelUsage) => void) | undefined
  /** How words of new spaces are reduced for text search: `simple`, or a language of Postgres. Default `english`. */
  language?: string | undefined
  logger?: Logger | undefined
  clock?: Clock | undefined
}

/** Texts by meaning. It owns nothing that has to be closed. */
export interface Embeddings {
  space(name: string): Space
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
    readonly embedded: number
    readonly cached: number
  }
}

/** How long a space is taken to have the model that it had. The database refuses vectors of another one. */
const identityForMs = 5_000

export function createEmbeddings(options: EmbeddingsOptions): Embeddings {
  const { claims, logger = silentLogger, clock = systemClock, language } = options
  const project = options.project ?? (claims?.role === 'core_member' ? claims.project : undefined)
  const database: Pick<Database, 'rpc'> =
    claims === undefined
      ? options.database
      : { rpc: (name, args, callOptions) => options.database.rpc(name, args, { ...callOptions, claims }) }
  const local = { model: createLocalModel(), dimensions: localDimensions, revision: localRevision }
  const model = options.model === undefined ? local : identify(options.model, options.dimensions, options.revision)
  const more = (options.models ?? []).map((one) => identify(one.model, one.dimensions, one.revision))
  const embed = createEmbedder({
    database,
    project,
    limits: options.limits ?? {},
    memoryItems: options.cache?.memoryItems ?? 2_000,
    keeps: options.cache?.database ?? true,
    spend: options.spend,
    onUsage: options.onUsage,
    logger,
  })
  const kernel: Kernel = { database, project, model, models: [model, ...more, local], embed, logger }
  const known = new Map<string, { identity: ModelIdentity; at: number }>()

  const remember = (name: string, identity: ModelIdentity) => {
    if (known.size >= 1_000) known.clear()
    known.set(name, { identity, at: clock.monotonic() })
    return identity
  }
  const stats = (space: string, call?: CallOptions) => callable(database, embeddingStats)({ space, project }, call)

  async function open(space: string, call: CallOptions): Promise<ModelIdentity> {
    const { provider, modelId } = model.model
    const answer = await callable(database, embeddingSpaceOpen)(
      { space, provider, model: modelId, dims: model.dimensions, revision: model.revision, language, project },
      call,
    )
    if (answer.ok) return remember(space, answer.model)
    // The space has another model: this process may have that one as well.
    if (answer.code === 'model_mismatch') return remember(space, (await stats(space, call)).model)
    throw toConflict(answer)
  }

  function space(name: string): Space {
    return {
      name,
      upsert: (documents, upsertOptions = {}) => {
        const { signal, timeoutMs } = upsertOptions
        return upsertDocuments(
          kernel,
          { name, open: () => open(name, { signal, timeoutMs }) },
          documents,
          upsertOptions,
        )
      },
      search: (query, searchOptions = {}) => {
        const { signal, timeoutMs } = searchOptions
        const identity = async (fresh: boolean) => {
          const last = known.get(name)
          if (!fresh && last !== undefined && clock.monotonic() - last.at < identityForMs) return last.identity
          return remember(name, (await stats(name, { signal, timeoutMs })).model)
        }
        return searchSpace(kernel, { name, identify: identity }, query, searchOptions)
      },
      async delete(documents, { tenant, source, ...call } = {}) {
        let deleted = 0
        for (let more = documents.length > 0; more; ) {
          const answer = await callable(database, embeddingDelete)(
            { space: name, documents, tenant, source, project },
            call,
          )
          deleted += answer.deleted
          more = answer.more
        }
        return deleted
      },
      async *documents({ tenant, source, ...call } = {}) {
        for (let after: string | undefined; ; ) {
          const page = await callable(database, embeddingDocuments)(
            { space: name, tenant, source, after, project },
            call,
          )
          for (const { document: id, items } of page.documents) yield { id, items }
          if (page.next === null) return
          after = page.next
        }
      },
      drain: (drainOptions = {}) => drainSpace(kernel, name, drainOptions),
      async stats(call) {
        const { ok: _, ...answer } = await stats(name, call)
        return answer
      },
      async drop(call) {
        known.delete(name)
        return (await callable(database, embeddingSpaceDrop)({ space: name, project }, call)).dropped
      },
    }
  }

  return {
    space,
    async embed(texts, call) {
      const { vectors, failures, usage } = await embed(model, requireTexts(texts), call)
      return {
        vectors: vectors.map((vector) => (vector === undefined ? undefined : toVector(vector))),
        failures,
        usage,
      }
    },
    migrate(name, to, migrateOptions) {
      const next = identify(to.model, to.dimensions, to.revision)
      known.delete(name)
      return migrateSpace({ ...kernel, models: [next, ...kernel.models] }, name, next, migrateOptions)
    },
    recall: (name, recallOptions) => measureRecall(kernel, name, recallOptions),
    async enable(call) {
      const { enabled, reason } = await callable(database, embeddingEnable)({}, call)
      return { enabled, reason }
    },
  }
}

function identify(model: EmbeddingModel, dimensions: number | undefined, revision = ''): IdentifiedModel {
  if (dimensions !== undefined && Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= 4_000) {
    return { model, dimensions, revision }
  }
  throw new CoreError('E_INVALID', `dimensions must be a whole number from 1 to 4000, got ${dimensions}`, {
    fix: 'Pass the length of the vectors of the model.',
    details: { field: 'dimensions' },
  })
}
