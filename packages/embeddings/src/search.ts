import { callable, embeddingSearch } from '@core/api/functions'
import { CoreError, copyStorable } from '@core/foundation'
import { diversify } from './diversify.ts'
import { findModel, type Kernel, type ModelIdentity, toConflict } from './kernel.ts'
import type { Hit, Query, SearchOptions, SearchResult } from './space.ts'
import { requireText } from './texts.ts'
import { requireVector, toVector } from './vector.ts'

const mostHits = 1_000

export interface SearchPort {
  readonly name: string
  /** The model of the space; with `fresh` as it is now. */
  identify(fresh: boolean): Promise<ModelIdentity>
}

/** One round trip, besides the call of the model where the query is a text that was not embedded before. */
export async function searchSpace(
  kernel: Kernel,
  { name: space, identify }: SearchPort,
  query: Query,
  options: SearchOptions,
): Promise<SearchResult> {
  const {
    k = 10,
    mode = 'hybrid',
    tenant = '',
    source,
    filter,
    recall,
    minScore,
    mmr,
    rerank,
    onePerDocument = false,
  } = options
  const call = { signal: options.signal, timeoutMs: options.timeoutMs }
  if (!Number.isInteger(k) || k < 1 || k > mostHits) {
    throw new CoreError('E_INVALID', `k must be a whole number from 1 to ${mostHits}, got ${k}`, {
      details: { field: 'k', min: 1, max: mostHits },
    })
  }
  // Before a model is asked for what the database would refuse.
  copyStorable('search', { tenant, source: source ?? null, filter: filter ?? null })
  const asked = toQuery(query, mode)
  const include = options.include ?? ['content', 'metadata']
  const depth = Math.max(1, mmr ? 4 : 1, rerank ? (rerank.depth ?? 3) : 1, onePerDocument ? 5 : 1)
  const deep = Math.min(mostHits, depth * k)
  const search = callable(kernel.database, embeddingSearch)
  for (let attempt = 1; ; attempt++) {
    const identity = mode === 'text' ? undefined : await identify(attempt > 1)
    const answer = await search(
      {
        space,
        vector: identity === undefined ? undefined : await toSearched(identity),
        text: asked.text,
        mode,
        k: deep,
        filter,
        tenant,
        source,
        recall,
        minScore,
        include: [...new Set([...include, ...(mmr ? ['vector'] : []), ...(rerank ? ['content'] : [])])],
        generation: identity?.generation,
        project: kernel.project,
      },
      call,
    )
    if (!answer.ok) {
      if (attempt === 3) throw toConflict(answer)
      continue
    }
    let hits: readonly Hit[] = answer.hits.map(toHit)
    if (rerank) hits = await rerank.by(asked.text ?? '', hits, call)
    if (onePerDocument) hits = firstOfEach(hits)
    if (mmr) hits = diversify(hits, { k, lambda: mmr.lambda })
    hits = hits.slice(0, k).map((hit) => ({
      ...hit,
      vector: include.includes('vector') ? hit.vector : undefined,
      content: include.includes('content') ? hit.content : undefined,
    }))
    return { hits, plan: answer.plan, complete: answer.complete }
  }

  async function toSearched(identity: ModelIdentity): Promise<string | undefined> {
    if (!identity.has_vectors) return '' // the database says what is missing
    if (asked.vector !== undefined) return requireVector(asked.vector, identity.dims)
    const { vectors, failures, stopped } = await kernel.embed(findModel(kernel, identity), [asked.text ?? ''], call)
    const [vector] = vectors
    if (vector === undefined) throw stopped ?? failures[0]?.error ?? new CoreError('E_INVALID', 'the query is empty')
    return vector
  }
}

function toQuery(query: Query, mode: string): { text?: string | undefined; vector?: readonly number[] | undefined } {
  if (typeof query !== 'string' && 'vector' in query) {
    if (mode === 'vector') return { vector: query.vector }
    throw new CoreError('E_INVALID', `mode ${mode} needs a text`, { fix: 'Pass a text, or search with mode vector.' })
  }
  const text = requireText(typeof query === 'string' ? query : query.text, 'the query', { field: 'query' })
  if (text.trim() === '') throw new CoreError('E_INVALID', 'the query is empty', { details: { field: 'query' } })
  return { text }
}

interface FoundRow {
  readonly id: number
  readonly document: string
  readonly ordinal: number
  readonly source: string
  readonly title: string
  readonly score: number
  readonly start_at?: number | undefined
  readonly end_at?: number | undefined
  readonly content?: string | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  readonly vector?: string | undefined
}

function toHit({ start_at: start, end_at: end, vector, content, metadata, ...row }: FoundRow): Hit {
  return { ...row, start, end, content, metadata, vector: vector === undefined ? undefined : toVector(vector) }
}

function firstOfEach(hits: readonly Hit[]): readonly Hit[] {
  const seen = new Set<string>()
  return hits.filter(({ source, document }) => {
    const key = JSON.stringify([source, document])
    return seen.has(key) ? false : seen.add(key)
  })
}
