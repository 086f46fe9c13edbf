import { z } from 'zod/mini'
import { accepted, object, whole } from '../../contract/answer-field.ts'
import { bigint, integer, json, oneOf, optional, text, texts } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { float, modelChanged, project, source, space, tenant } from './embedding-arguments.ts'

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
