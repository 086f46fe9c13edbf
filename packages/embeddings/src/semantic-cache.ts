import { type CallOptions, CoreError, isCoreError, type Logger, silentLogger } from '@core/foundation'
import { isSameQuestion } from './same-question.ts'
import type { Space } from './space.ts'
import { hashOf, requireTexts } from './texts.ts'

/** The part of a cache that keeps answers: an object of `@core/cache` fits. */
export interface AnswerCache {
  getMany<Value>(keys: readonly string[], options?: CallOptions): Promise<Map<string, Value>>
  getOrSet<Value>(
    key: string,
    load: () => Promise<Value> | Value,
    options?: { ttl?: number | undefined; hardTimeoutMs?: number | undefined },
  ): Promise<Value>
  set(key: string, value: unknown, options?: { ttl?: number | undefined }): Promise<void>
}

/** Where questions are kept and found. */
export interface QuestionStore {
  space(name: string): Pick<Space, 'search' | 'upsert' | 'delete' | 'documents'>
}

export interface SemanticCacheOptions {
  /** `off` loads every answer; `shadow` compares and serves nothing that is kept; `on` serves. Default `off`. */
  mode?: 'off' | 'shadow' | 'on' | undefined
  /** The model that answers. Nothing is shared with another one. */
  model: string
  /** The version of the prompt around the question. Nothing is shared with another one. */
  promptVersion: string
  /** Where the questions are kept. Default `semantic-cache`. */
  space?: string | undefined
  /** The least cosine of two questions, 0.95 (the default) to 1. */
  threshold?: number | undefined
  /** Milliseconds that an answer is fresh. Default: the cache's own. */
  ttlMs?: number | undefined
  /** In mode `on`, the part of hits whose answer is loaded all the same and compared with the kept one. Default 0.01. */
  shadowRate?: number | undefined
  /** Whether a kept answer does for the fresh one, in the shadow sample. Default: they are equal as JSON. */
  isSameAnswer?: ((kept: unknown, fresh: unknown) => boolean | Promise<boolean>) | undefined
  logger?: Logger | undefined
  random?: (() => number) | undefined
}

export interface SemanticCacheStats {
  /** Answers that were served from what is kept. */
  readonly hits: number
  readonly misses: number
  /** Misses whose nearest question was near enough by its cosine, and another question by its words. */
  readonly rejected: number
  /** Hits whose answer was loaded all the same, to compare it. */
  readonly shadowed: number
  /** Those of them whose kept answer would have been wrong. */
  readonly falseHits: number
  /** `falseHits / shadowed`; undefined before the first. */
  readonly falseHitRate: number | undefined
}

export interface AskOptions extends CallOptions {
  /** Whose question it is. Nothing is shared with another tenant. */
  tenant?: string | undefined
}

/** Answers of a model by the meaning of the question. */
export interface SemanticCache {
  /** The kept answer of the same question, else what `load` answers. What the cache cannot do never fails the call. */
  getOrSet<Value>(question: string, load: () => Promise<Value> | Value, options?: AskOptions): Promise<Value>
  stats(): SemanticCacheStats
  /** Deletes questions of a tenant whose answer is gone; how many. */
  prune(options?: AskOptions): Promise<number>
}

const leastThreshold = 0.95
const candidates = 10
const defaultTimeoutMs = 120_000

/**
 * A cache of answers that finds a question asked in other words. A kept answer is served where the cosine reaches the threshold
 * and words, numbers and negations are equal (`isSameQuestion`), of the same tenant, model and version of the prompt.
 * @throws CoreError E_INVALID for a threshold or a rate out of range.
 */
export function semanticCache(store: QuestionStore, cache: AnswerCache, options: SemanticCacheOptions): SemanticCache {
  const { mode = 'off', model, promptVersion, ttlMs, logger = silentLogger, random = Math.random } = options
  const { threshold = leastThreshold, shadowRate = 0.01, isSameAnswer = isEqualJson } = options
  requireRange('threshold', threshold, leastThreshold, 1)
  requireRange('shadowRate', shadowRate, 0, 1)
  const space = store.space(options.space ?? 'semantic-cache')
  const source = hashOf(JSON.stringify([model, promptVersion]))
  const counts = { hits: 0, misses: 0, rejected: 0, shadowed: 0, falseHits: 0 }
  const kept = ttlMs === undefined ? {} : { ttl: ttlMs }
  const keyOf = (tenant: string, question: string) =>
    hashOf(JSON.stringify(['semantic-cache', tenant, model, promptVersion, question]))

  async function find<Value>(question: string, { tenant = '', ...call }: AskOptions) {
    const near = { mode: 'vector', k: candidates, minScore: threshold, tenant, source, include: ['content'] } as const
    const { hits } = await space.search(question, { ...near, ...call })
    const same = hits.find(({ content }) => content !== undefined && isSameQuestion(content, question))
    if (same?.content === undefined) {
      if (hits.length > 0) counts.rejected += 1
      return undefined
    }
    const key = keyOf(tenant, same.content)
    const answer = (await cache.getMany<Value>([key], call)).get(key)
    return answer === undefined ? undefined : { key, answer }
  }

  /** What this cache cannot do is a miss; only a caller that gave up gets an error. */
  async function attempt<Value>(work: () => Promise<Value>, { signal }: CallOptions): Promise<Value | undefined> {
    try {
      return await work()
    } catch (error) {
      signal?.throwIfAborted()
      // The first question opens the space.
      if (!(isCoreError(error) && error.code === 'E_NOT_FOUND'))
        logger.warn({ err: error }, 'the semantic cache failed')
      return undefined
    }
  }

  /** Counts whether the kept answer would have done, and keeps the fresh one. */
  async function compare(key: string, answer: unknown, fresh: unknown): Promise<void> {
    counts.shadowed += 1
    if (await isSameAnswer(answer, fresh)) return
    counts.falseHits += 1
    await cache.set(key, fresh, kept)
  }

  return {
    async getOrSet<Value>(question: string, load: () => Promise<Value> | Value, ask: AskOptions = {}): Promise<Value> {
      const [text = ''] = requireTexts([question])
      if (mode === 'off' || text.trim() === '') return await load()
      const { tenant = '', timeoutMs = defaultTimeoutMs } = ask
      const found = await attempt(() => find<Value>(text, ask), ask)
      if (found !== undefined && mode === 'on' && random() >= shadowRate) {
        counts.hits += 1
        return found.answer
      }
      if (found !== undefined) {
        const fresh = await load()
        await attempt(() => compare(found.key, found.answer, fresh), ask)
        return fresh
      }
      counts.misses += 1
      const key = keyOf(tenant, text)
      const value =
        mode === 'on' ? await cache.getOrSet(key, load, { ...kept, hardTimeoutMs: timeoutMs }) : await load()
      await attempt(async () => {
        if (mode === 'shadow') await cache.set(key, value, kept)
        await space.upsert([{ id: key, text }], { ...ask, chunk: false, source })
      }, ask)
      return value
    },
    stats: () => ({ ...counts, falseHitRate: counts.shadowed === 0 ? undefined : counts.falseHits / counts.shadowed }),
    async prune({ tenant = '', ...call } = {}) {
      let pruned = 0
      let page: string[] = []
      const forget = async () => {
        const answers = await cache.getMany(page, call)
        const gone = page.filter((key) => !answers.has(key))
        if (gone.length > 0) pruned += await space.delete(gone, { tenant, source, ...call })
        page = []
      }
      for await (const { id } of space.documents({ tenant, source, ...call })) {
        if (page.push(id) >= 500) await forget()
      }
      if (page.length > 0) await forget()
      return pruned
    },
  }
}

function isEqualJson(kept: unknown, fresh: unknown): boolean {
  return JSON.stringify(kept) === JSON.stringify(fresh)
}

function requireRange(field: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return
  throw new CoreError('E_INVALID', `${field} must be from ${least} to ${most}, got ${value}`, {
    fix: 'Below a cosine of 0.95 a question and its opposite are often near; a rate is a part of 1.',
    details: { field },
  })
}
