import { z } from 'zod/mini'
import { accepted, whole } from '../../contract/answer-field.ts'
import { integer, interval, optional, text, texts } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { project } from './embedding-arguments.ts'

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
