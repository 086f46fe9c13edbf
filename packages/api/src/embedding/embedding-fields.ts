import { z } from 'zod'
import { ownerField, projectField, timestampField } from '../contract/field.ts'

export const spaceField = z
  .string()
  .regex(/^[a-z][a-z0-9_.-]{0,62}$/)
  .describe('A space: 1 to 63 of a-z, 0-9, ., _ and -, beginning with a letter')
export const inProject = z.strictObject({ project: projectField })
export const inSpace = z.strictObject({ project: projectField, space: spaceField })
export const query = z.strictObject({ owner: ownerField })
export const tenant = z.string().max(200).default('').describe('Whose items these are within the space; empty for none')
export const source = z.string().min(1).max(200).default('default').describe('Where the documents come from')
export const documentField = z
  .string()
  .min(1)
  .max(500)
  .describe('Names a document within its source: a path, an address, an id')
/** The model of a space: the local one, or one of the router. */
export const modelFields = {
  model: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}\/[\x21-\x7e]{1,130}$/)
    .optional()
    .describe('provider/model: one of a configured provider, which needs a price. Default: the local model'),
  dimensions: z
    .int()
    .min(16)
    .max(4000)
    .optional()
    .describe('The length of the vectors, 16 to 4000. Default: 384 of the local model, else the model’s own'),
}

const modelSchema = z
  .object({
    provider: z.string().describe('core for the local model, router for one of a provider'),
    model: z.string().describe('The name of the model'),
    revision: z.string().describe('Part of its identity; may be empty'),
    dims: z.int().describe('The length of its vectors'),
    metric: z.enum(['cosine', 'l2', 'ip']).describe('How vectors are compared'),
    state: z.enum(['building', 'active', 'retired']).describe('active: searches use it'),
    indexState: z.enum(['none', 'building', 'ready', 'failed']).describe('Of the index of approximate search'),
    hasVectors: z
      .boolean()
      .describe('false: the extension vector is missing or not enabled, so only text search works'),
  })
  .meta({ id: 'EmbeddingModel' })

export const space = {
  space: z.string().describe('The space'),
  language: z.string().describe('How words are reduced for text search'),
  items: z.int().describe('Pieces of documents'),
  bytes: z.int().describe('Bytes of their texts'),
  createdAt: timestampField,
  model: modelSchema.describe('The model that searches use'),
  next: modelSchema.nullable().describe('The model it migrates to, or null'),
}
export const spaceSchema = z.object(space).meta({ id: 'EmbeddingSpace' })

export const exampleModel = {
  provider: 'core',
  model: 'local-384',
  revision: '2',
  dims: 384,
  metric: 'cosine',
  state: 'active',
  indexState: 'none',
  hasVectors: true,
} as const
export const exampleSpace = {
  space: 'docs',
  language: 'english',
  items: 412,
  bytes: 301_000,
  createdAt: '2026-11-20T09:30:00+00:00',
  model: exampleModel,
  next: null,
}
export const params = { project: 'current', space: 'docs' }
