import { z } from 'zod/mini'
import { denial, instant, whole } from '../../contract/answer-field.ts'
import { type FunctionArgument, integer, oneOf, optional, text, texts } from '../../contract/function-argument.ts'

/** Without one, the project of the claims. */
export const project = optional(text)
export const space = text
export const tenant = optional(text)
export const source = optional(text)
export const bigints: FunctionArgument<readonly number[], true, undefined> = {
  type: 'bigint[]',
  required: true,
  sqlName: undefined,
}
/** A vector for each item, empty for one that has none. */
export const vectors = texts
export const float: FunctionArgument<number, true, undefined> = {
  type: 'double precision',
  required: true,
  sqlName: undefined,
}

export const generation = z.object({
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

export const view = {
  space: z.string(),
  project: z.string(),
  language: z.string(),
  items: whole,
  bytes: whole,
  created_at: instant,
  model: generation,
  next: z.nullable(generation),
}

export const boundReached = denial('bound_reached', { bound: z.string(), limit: whole })
export const modelChanged = denial('model_changed', { generation: whole })
export const model = {
  provider: text,
  model: text,
  dims: integer,
  revision: optional(text),
  metric: optional(oneOf('cosine', 'l2', 'ip')),
}
