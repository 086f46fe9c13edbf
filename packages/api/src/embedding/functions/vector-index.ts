import { z } from 'zod/mini'
import { accepted } from '../../contract/answer-field.ts'
import { bigint, integer, oneOf, optional, text } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { generation, project } from './embedding-arguments.ts'

/** Generations without an index that is worth one, or those of a space. Owner only. */
export const embeddingIndexDue = describeFunction({
  name: 'embedding_index_due',
  args: { least: optional(bigint), project, space: optional(text), limit: optional(integer), most: optional(bigint) },
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
