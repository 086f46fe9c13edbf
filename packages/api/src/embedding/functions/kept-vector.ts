import { z } from 'zod/mini'
import { accepted, whole } from '../../contract/answer-field.ts'
import { flag, integer, interval, optional, text, texts } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { project } from './embedding-arguments.ts'

/** With `shared`, vectors of other projects as well; the answer's `shared` are their places. */
export const embeddingCacheGetMany = describeFunction({
  name: 'embedding_cache_get_many',
  args: {
    model: text,
    dims: integer,
    hashes: texts,
    revision: optional(text),
    project,
    shared: optional(flag),
  },
  answer: z.object({ ...accepted, vectors: z.array(z.nullable(z.string())), shared: z.array(whole) }),
})

/** `shareable` is the owner's alone. */
export const embeddingCachePutMany = describeFunction({
  name: 'embedding_cache_put_many',
  args: {
    model: text,
    dims: integer,
    hashes: texts,
    vectors: texts,
    revision: optional(text),
    project,
    shareable: optional(flag),
  },
  answer: z.object({ ...accepted, kept: whole }),
})

/** Owner only. */
export const embeddingSweep = describeFunction({
  name: 'embedding_sweep',
  args: { keep: optional(interval), keepRetired: optional(interval), limit: optional(integer) },
  answer: z.object({ ...accepted, swept: whole, dropped: whole }),
})
