import { z } from 'zod/mini'
import { accepted, denial, instant, object, whole } from '../contract/answer-field.ts'
import {
  bigint,
  type FunctionArgument,
  flag,
  integer,
  interval,
  json,
  oneOf,
  optional,
  text,
  texts,
} from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

/** Without one, the project of the claims. */
const project = optional(text)
const space = text
const tenant = optional(text)
const source = optional(text)
const bigints: FunctionArgument<readonly number[], true, undefined> = {
  type: 'bigint[]',
  required: true,
  sqlName: undefined,
}
/** A vector for each item, empty for one that has none. */
const vectors = texts
const float: FunctionArgument<number, true, undefined> = {
  type: 'double precision',
  required: true,
  sqlName: undefined,
}

const generation = z.object({
  generation: whole,
  provider: z.string(),
  model: z.string(),
  revision: z.string(),
  dims: whole,
  metric: z.literal(['cosine', 'l2', 'ip']),
  state: z.literal(['building', 'active', 'retired']),
  index_state: z.literal(['none', 'building', 'ready', 'failed']),
  has_vectors: z.boolean(),
})

const view = {
  space: z.string(),
  project: z.string(),
  language: z.string(),
  items: whole,
  bytes: whole,
  created_at: instant,
  model: generation,
  next: z.nullable(generation),
}

const boundReached = denial('bound_reached', { bound: z.string(), limit: whole })
const modelChanged = denial('model_changed', { generation: whole })
const model = {
  provider: text,
  model: text,
  dims: integer,
  revision: optional(text),
  metric: optional(oneOf('cosine', 'l2', 'ip')),
}

export const embeddingSpaceOpen = describeFunction({
  name: 'embedding_space_open',
  args: { space, ...model, language: optional(text), project },
  answer: z.object({ ...accepted, created: z.boolean(), ...view }),
  denials: [
    boundReached,
    denial('model_mismatch', {
      space: z.string(),
      provider: z.string(),
      model: z.string(),
      revision: z.string(),
      dims: whole,
    }),
  ],
})

export const embeddingSpaceList = describeFunction({
  name: 'embedding_space_list',
  args: { project },
  answer: z.object({ ...accepted, spaces: z.array(z.object(view)) }),
})

export const embeddingStats = describeFunction({
  name: 'embedding_stats',
  args: { space, project },
  answer: z.object({ ...accepted, ...view, queued: whole, failed: whole, unfilled: whole }),
})

export const embeddingSpaceDrop = describeFunction({
  name: 'embedding_space_drop',
  args: { space, project },
  answer: z.object({ ...accepted, dropped: z.boolean() }),
})

/** Installs the extension vector where it is offered. Owner only. */
export const embeddingEnable = describeFunction({
  name: 'embedding_enable',
  args: {},
  answer: z.object({
    ...accepted,
    enabled: z.boolean(),
    reason: z.optional(z.string()),
    version: z.optional(z.string()),
    schema: z.optional(z.string()),
  }),
})

export const embeddingChanged = describeFunction({
  name: 'embedding_changed',
  args: { space, items: json, tenant, source, project },
  answer: z.object({ ...accepted, needed: z.array(whole) }),
})

export const embeddingUpsert = describeFunction({
  name: 'embedding_upsert',
  args: {
    space,
    items: json,
    vectors: optional(vectors),
    tenant,
    source,
    whole: optional(texts),
    generation: optional(bigint),
    reason: optional(text),
    project,
  },
  answer: z.object({ ...accepted, added: whole, updated: whole, skipped: whole, queued: whole, deleted: whole }),
  denials: [boundReached, modelChanged],
})

export const embeddingDocuments = describeFunction({
  name: 'embedding_documents',
  args: { space, tenant, source, after: optional(text), limit: optional(integer), project },
  answer: z.object({
    ...accepted,
    documents: z.array(z.object({ document: z.string(), items: whole, updated_at: instant })),
    next: z.nullable(z.string()),
  }),
})

export const embeddingDelete = describeFunction({
  name: 'embedding_delete',
  args: { space, documents: optional(texts), tenant, source, limit: optional(integer), project },
  answer: z.object({ ...accepted, deleted: whole, more: z.boolean() }),
})

export const embeddingSearch = describeFunction({
  name: 'embedding_search',
  args: {
    space,
    vector: optional(text),
    text: optional(text),
    mode: optional(oneOf('vector', 'text', 'hybrid')),
    k: optional(integer),
    filter: optional(json),
    tenant,
    source,
    recall: optional(oneOf('fast', 'balanced', 'exact')),
    minScore: optional(float),
    include: optional(texts),
    generation: optional(bigint),
    project,
  },
  answer: z.object({
    ...accepted,
    hits: z.array(
      z.object({
        id: whole,
        document: z.string(),
        ordinal: whole,
        source: z.string(),
        title: z.string(),
        score: z.number(),
        start_at: z.optional(whole),
        end_at: z.optional(whole),
        content: z.optional(z.string()),
        metadata: z.optional(object),
        vector: z.optional(z.string()),
      }),
    ),
    plan: z.literal(['exact', 'hnsw', 'hnsw+exact', 'text']),
    complete: z.boolean(),
  }),
  denials: [modelChanged],
})

export const embeddingCacheGetMany = describeFunction({
  name: 'embedding_cache_get_many',
  args: { model: text, dims: integer, hashes: texts, revision: optional(text), project },
  answer: z.object({ ...accepted, vectors: z.array(z.nullable(z.string())) }),
})

export const embeddingCachePutMany = describeFunction({
  name: 'embedding_cache_put_many',
  args: { model: text, dims: integer, hashes: texts, vectors: texts, revision: optional(text), project },
  answer: z.object({ ...accepted, kept: whole }),
})

/** Owner only. */
export const embeddingSweep = describeFunction({
  name: 'embedding_sweep',
  args: { keep: optional(interval), keepRetired: optional(interval), limit: optional(integer) },
  answer: z.object({ ...accepted, swept: whole, dropped: whole }),
})

export const embeddingQueueClaim = describeFunction({
  name: 'embedding_queue_claim',
  args: { space, limit: optional(integer), leaseS: optional(integer), generation: optional(bigint), project },
  answer: z.object({
    ...accepted,
    items: z.array(
      z.object({ item: whole, title: z.string(), content: z.string(), hash: z.string(), attempts: whole }),
    ),
    model: z.nullable(generation),
  }),
})

export const embeddingQueueSettle = describeFunction({
  name: 'embedding_queue_settle',
  args: { space, generation: bigint, items: bigints, hashes: texts, vectors, reason: optional(text), project },
  answer: z.object({ ...accepted, written: whole }),
})

export const embeddingMigrateBegin = describeFunction({
  name: 'embedding_migrate_begin',
  args: { space, ...model, swaps: optional(flag), project },
  answer: z.object({ ...accepted, ...view }),
})

export const embeddingMigrateSwap = describeFunction({
  name: 'embedding_migrate_swap',
  args: { space, partial: optional(flag), project },
  answer: z.object({ ...accepted, swapped: z.boolean() }),
})

export const embeddingMigrateCancel = describeFunction({
  name: 'embedding_migrate_cancel',
  args: { space, project },
  answer: z.object({ ...accepted, cancelled: z.boolean() }),
})

export const embeddingRecall = describeFunction({
  name: 'embedding_recall',
  args: {
    space,
    sample: optional(integer),
    k: optional(integer),
    recall: optional(oneOf('fast', 'balanced', 'exact')),
    tenant,
    project,
  },
  answer: z.object({
    ...accepted,
    sample: whole,
    plan: z.literal(['exact', 'hnsw', 'hnsw+exact']),
    recall: z.nullable(z.number()),
  }),
})

/** Spaces in which something waits for a vector, of all projects. Owner only. */
export const embeddingDue = describeFunction({
  name: 'embedding_due',
  args: { provider: text, limit: optional(integer) },
  answer: z.object({
    ...accepted,
    spaces: z.array(z.object({ project: z.string(), space: z.string(), swaps: z.boolean() })),
  }),
})

/** All spaces in figures. Owner only. */
export const embeddingTotals = describeFunction({
  name: 'embedding_totals',
  args: {},
  answer: z.object({ ...accepted, spaces: whole, items: whole, bytes: whole, queued: whole, failed: whole }),
})

/** Generations without an index that is worth one, or those of a space. Owner only. */
export const embeddingIndexDue = describeFunction({
  name: 'embedding_index_due',
  args: { least: optional(bigint), project, space: optional(text), limit: optional(integer) },
  answer: z.object({ ...accepted, generations: z.array(generation) }),
})

/** Records the state of an index. Owner only. */
export const embeddingIndexSet = describeFunction({
  name: 'embedding_index_set',
  args: {
    generation: bigint,
    state: oneOf('none', 'building', 'ready', 'failed'),
    type: optional(oneOf('vector', 'halfvec')),
  },
  answer: z.object({ ...accepted, set: z.boolean() }),
})
