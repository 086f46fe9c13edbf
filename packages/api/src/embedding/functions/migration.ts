import { z } from 'zod/mini'
import { accepted } from '../../contract/answer-field.ts'
import { flag, optional } from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { model, project, space, view } from './embedding-arguments.ts'

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
