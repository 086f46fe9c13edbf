import { z } from 'zod/mini'
import { accepted, whole } from '../../contract/answer-field.ts'
import { bigint, integer, optional, text, texts } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { bigints, generation, project, space, vectors } from './embedding-arguments.ts'

/** Spaces in which something waits for a vector, of all projects. Owner only. */
export const embeddingDue = describeFunction({
  name: 'embedding_due',
  args: { provider: text, limit: optional(integer) },
  answer: z.object({
    ...accepted,
    spaces: z.array(z.object({ project: z.string(), space: z.string(), swaps: z.boolean() })),
  }),
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
