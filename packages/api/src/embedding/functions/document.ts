import { z } from 'zod/mini'
import { accepted, instant, whole } from '../../contract/answer-field.ts'
import { bigint, integer, json, optional, text, texts } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { boundReached, modelChanged, project, source, space, tenant, vectors } from './embedding-arguments.ts'

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
