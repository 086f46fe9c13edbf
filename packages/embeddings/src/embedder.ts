import { callable, embeddingCacheGetMany, embeddingCachePutMany } from '@core/api/functions'
import type { Database } from '@core/database'
import { type CallOptions, CoreError, isCoreError, type Logger, raceSignal, startDeadline } from '@core/foundation'
import { isLocalModel } from './local-model.ts'
import type { IdentifiedModel } from './model.ts'
import { estimateTokens, hashOf } from './texts.ts'
import { findVectorFault, toVector, toVectorText } from './vector.ts'

export interface EmbedLimits {
  /** Texts of one call of the model; the model's own limit where that is less. Default 512. */
  maxInputs?: number | undefined
  /** Longer texts are refused. Default 8,192, as about four characters each. */
  maxTokensPerInput?: number | undefined
  /** Calls of the model at a time. Default 4. */
  concurrency?: number | undefined
  /** The longest that one call of the model may take. Default 60,000. */
  timeoutMs?: number | undefined
}

/** A call of a model that was answered. */
export interface ModelUsage {
  readonly provider: string
  readonly model: string
  readonly texts: number
  /** As the model says, else estimated. */
  readonly tokens: number
  /** In micro-credits, by `price`; 0 without one. */
  readonly cost: number
}

/** A call of a model before it is made: tokens and cost are estimated. */
export type SpendEstimate = ModelUsage

/** What a call of a model costs, in micro-credits. */
export type Price = (call: Omit<ModelUsage, 'cost'>) => number | Promise<number>

/** Runs a call of the model within a budget. What it throws stops the work: the texts after it are not sent. */
export type Spend = <Value extends { readonly tokens: number; readonly cost: number }>(
  estimate: SpendEstimate,
  work: () => Promise<Value>,
) => Promise<Value>

/** What became of texts, in their order. */
export interface EmbeddedTexts {
  /** As pgvector writes them; undefined for an empty text and for a failure. */
  readonly vectors: readonly (string | undefined)[]
  readonly failures: readonly { readonly index: number; readonly error: CoreError }[]
  /** Why later texts were not sent. */
  readonly stopped: CoreError | undefined
  readonly usage: {
    readonly calls: number
    readonly tokens: number
    /** In micro-credits; 0 without a `price`. */
    readonly cost: number
    readonly embedded: number
    readonly cached: number
  }
}

/** Where vectors are kept in memory: a cache of `@core/cache` without a tier behind it fits. */
export interface VectorMemory {
  /** At once, or undefined. */
  peek(key: string): unknown
  set(key: string, vector: string): unknown
}

/** Vectors that projects let each other use, by a share of the kind `vectors`. */
export interface SharedVectors {
  /** Whether those of other projects are this model's now: a project may give the name of a model to another one. */
  isUsable(model: { readonly provider: string; readonly modelId: string }): boolean | Promise<boolean>
  /** Whether others may use what the model has answered; read after its last answer. Refused but on the owner's connection. */
  isOffered(): boolean
}

export interface EmbedderDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly project: string | undefined
  readonly limits: EmbedLimits
  readonly memory: VectorMemory
  /** Whether vectors are kept in the database as well. */
  readonly keeps: boolean
  readonly shared: SharedVectors | undefined
  readonly price: Price | undefined
  readonly spend: Spend | undefined
  readonly isFinal: ((error: unknown) => boolean) | undefined
  readonly onUsage: ((usage: ModelUsage) => void) | undefined
  readonly logger: Logger
}

export type Embed = (model: IdentifiedModel, texts: readonly string[], options?: CallOptions) => Promise<EmbeddedTexts>

/** A text that a caller has sent: its vector, why it has none, or undefined where that caller gave up. */
type Outcome = string | CoreError | undefined

const perCall = 500

/** Turns texts into vectors and pays for none twice: memory, the database and calls under way are asked first. */
export function createEmbedder(dependencies: EmbedderDependencies): Embed {
  const {
    database,
    project,
    limits,
    keeps,
    shared,
    memory,
    price = () => 0,
    spend,
    isFinal = () => false,
    onUsage,
    logger,
  } = dependencies
  const { maxInputs = 512, maxTokensPerInput = 8_192, concurrency = 4, timeoutMs = 60_000 } = limits
  const getMany = callable(database, embeddingCacheGetMany)
  const putMany = callable(database, embeddingCachePutMany)
  const underway = new Map<string, Promise<Outcome>>()

  return async (identified, texts, options = {}) => {
    using limit = startDeadline('embedding', options, 600_000)
    const { model, dimensions, revision } = identified
    const batchSize = Math.min(maxInputs, (await model.maxEmbeddingsPerCall) ?? maxInputs)
    const identity = `${model.provider}/${model.modelId}`
    const keyOf = (hash: string) => `${identity}|${revision}|${dimensions}|${hash}`
    const hashes = texts.map((text) => (text === '' ? undefined : hashOf(text)))
    const found = new Map<string, string>()
    const failed = new Map<string, CoreError>()
    const wanted = new Map<string, string>()
    const usage = { calls: 0, tokens: 0, cost: 0, embedded: 0, cached: 0 }
    let stopped: CoreError | undefined
    for (const [index, hash] of hashes.entries()) {
      if (hash === undefined || found.has(hash) || wanted.has(hash)) continue
      const kept = memory.peek(keyOf(hash))
      if (typeof kept === 'string') found.set(hash, kept)
      else wanted.set(hash, texts[index] ?? '')
    }

    const keep = (hash: string, vector: string) => {
      // A memory that was closed keeps nothing, which costs a read of the database.
      Promise.resolve(memory.set(keyOf(hash), vector)).catch(() => undefined)
      take(hash, vector)
    }
    const take = (hash: string, vector: string) => {
      found.set(hash, vector)
      wanted.delete(hash)
    }
    // The local model costs less than a look at what was kept.
    const isKept = keeps && !isLocalModel(model.provider, model.modelId)
    if (isKept) await readKept()
    usage.cached = found.size

    while (wanted.size > 0 && stopped === undefined) {
      const waits = waitForOthers()
      const calls = takeBatches(batchSize).map((batch) => announce(batch))
      const queue = calls[Symbol.iterator]()
      const lanes = Array.from({ length: Math.min(concurrency, calls.length) }, async () => {
        for (const call of queue) await call()
      })
      await raceSignal(Promise.all([...lanes, ...waits]), limit.signal)
    }
    if (stopped !== undefined) for (const hash of wanted.keys()) failed.set(hash, stopped)

    return {
      vectors: hashes.map((hash) => (hash === undefined ? undefined : found.get(hash))),
      failures: hashes.flatMap((hash, index) => {
        const error = hash === undefined ? undefined : failed.get(hash)
        return error === undefined ? [] : [{ index, error }]
      }),
      stopped,
      usage,
    }

    async function readKept(): Promise<void> {
      const asked = [...wanted.keys()]
      if (asked.length === 0) return
      const usesShared = (await shared?.isUsable(model)) ?? false
      for (let at = 0; at < asked.length; at += perCall) {
        const part = asked.slice(at, at + perCall)
        const of = { model: identity, dims: dimensions, revision, hashes: part, project }
        const answer = await getMany(usesShared ? { ...of, shared: true } : of, options)
        const { vectors } = answer
        const others = new Set(answer.shared)
        for (const [index, vector] of vectors.entries()) {
          const hash = part[index]
          if (hash === undefined || vector === null || !isUsable(vector, dimensions)) continue
          // A share that has ended counts at once: what it gave is not kept.
          if (others.has(index)) take(hash, vector)
          else keep(hash, vector)
        }
      }
    }

    /** Takes out what another caller has sent. Where that one gives up, the text is wanted again. */
    function waitForOthers(): Promise<void>[] {
      return [...wanted].flatMap(([hash, text]) => {
        const other = underway.get(keyOf(hash))
        if (other === undefined) return []
        wanted.delete(hash)
        const settle = (outcome: Outcome) => {
          if (typeof outcome === 'string') found.set(hash, outcome)
          else if (outcome === undefined) wanted.set(hash, text)
          else failed.set(hash, outcome)
        }
        return [other.then(settle)]
      })
    }

    function takeBatches(most: number): (readonly (readonly [hash: string, text: string])[])[] {
      const sent = [...wanted].filter(([hash, text]) => {
        const tokens = estimateTokens(text)
        if (tokens <= maxTokensPerInput) return true
        const message = `a text has about ${tokens} tokens, and the model takes ${maxTokensPerInput}`
        failed.set(hash, new CoreError('E_TOO_LARGE', message, { fix: 'Chunk it.' }))
        return false
      })
      wanted.clear()
      return Array.from({ length: Math.ceil(sent.length / most) }, (_, n) => sent.slice(n * most, (n + 1) * most))
    }

    /** Lets callers of the same texts wait for this call from now on, and returns what makes it. */
    function announce(batch: readonly (readonly [hash: string, text: string])[]): () => Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>()
      const outcomeOf = (hash: string): Outcome =>
        found.get(hash) ?? (limit.signal.aborted || stopped !== undefined ? undefined : failed.get(hash))
      for (const [hash] of batch) {
        underway.set(
          keyOf(hash),
          promise.then(() => outcomeOf(hash)),
        )
      }
      return async () => {
        try {
          await callModel(batch)
        } catch (error) {
          for (const [hash] of batch) if (!found.has(hash)) failed.set(hash, toFailure(error))
        } finally {
          for (const [hash] of batch) underway.delete(keyOf(hash))
          resolve()
        }
      }
    }

    async function callModel(batch: readonly (readonly [hash: string, text: string])[]): Promise<void> {
      if (stopped !== undefined) throw stopped
      if (limit.signal.aborted) throw limit.signal.reason
      const values = batch.map(([, text]) => text)
      const of = { provider: model.provider, model: model.modelId, texts: values.length }
      const estimate = values.reduce((sum, value) => sum + estimateTokens(value), 0)
      let wasCalled = false
      const work = async () => {
        wasCalled = true
        using deadline = startDeadline(`the model ${identity}`, { signal: limit.signal, timeoutMs }, timeoutMs)
        const call = Promise.resolve(model.doEmbed({ values, abortSignal: deadline.signal }))
        const { embeddings, usage: reported } = await raceSignal(call, deadline.signal)
        const tokens = reported?.tokens ?? estimate
        return { embeddings, tokens, cost: await price({ ...of, tokens }) }
      }
      let answer: Awaited<ReturnType<typeof work>>
      try {
        answer =
          spend === undefined
            ? await work()
            : await spend({ ...of, tokens: estimate, cost: await price({ ...of, tokens: estimate }) }, work)
      } catch (error) {
        // Refused before the model was asked: the budget ends here, for the texts after it as well.
        if (!wasCalled || isFinal(error)) stopped = toFailure(error)
        throw error
      }
      usage.calls += 1
      usage.tokens += answer.tokens
      usage.cost += answer.cost
      onUsage?.({ ...of, tokens: answer.tokens, cost: answer.cost })
      if (answer.embeddings.length !== batch.length) {
        throw new CoreError(
          'E_LOAD_FAILED',
          `${identity} answered ${answer.embeddings.length} vectors for ${batch.length} texts`,
        )
      }
      const made: [string, string][] = []
      for (const [index, [hash]] of batch.entries()) {
        const vector = answer.embeddings[index]
        const fault = findVectorFault(vector, dimensions)
        if (vector === undefined || fault !== undefined) {
          failed.set(hash, new CoreError('E_LOAD_FAILED', `a vector of ${identity} ${fault}`))
          continue
        }
        const text = toVectorText(vector)
        keep(hash, text)
        made.push([hash, text])
      }
      usage.embedded += made.length
      if (isKept && made.length > 0) await keepInDatabase(made)
    }

    async function keepInDatabase(made: readonly [string, string][]): Promise<void> {
      try {
        for (let at = 0; at < made.length; at += perCall) {
          const part = made.slice(at, at + perCall)
          const [hashesOf, vectors] = [part.map(([hash]) => hash), part.map(([, vector]) => vector)]
          const of = { model: identity, dims: dimensions, revision, project }
          const offer = shared?.isOffered() === true ? { shareable: true } : {}
          await putMany({ ...of, hashes: hashesOf, vectors, ...offer }, options)
        }
      } catch (error) {
        // Vectors that are not kept cost another call at most.
        logger.warn({ err: error }, 'vectors of a model could not be kept')
      }
    }
  }
}

/** What was kept by another program may be no vector of this model: it is embedded again. */
function isUsable(vector: string, dimensions: number): boolean {
  return findVectorFault(toVector(vector), dimensions) === undefined
}

function toFailure(error: unknown): CoreError {
  if (isCoreError(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  return new CoreError('E_LOAD_FAILED', `the model failed: ${message}`, { cause: error })
}
