import { z } from 'zod/mini'
import { accepted, denial, whole } from '../../contract/answer-field.ts'
import { optional, text } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { boundReached, model, project, space, view } from './embedding-arguments.ts'

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

/** All spaces in figures. Owner only. */
export const embeddingTotals = describeFunction({
  name: 'embedding_totals',
  args: {},
  answer: z.object({ ...accepted, spaces: whole, items: whole, bytes: whole, queued: whole, failed: whole }),
})
