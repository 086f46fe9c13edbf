import { z } from 'zod'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { exampleModel, exampleSpace, inSpace, modelFields, params, spaceSchema } from '../embedding-fields.ts'

export const putEmbeddingMigration = defineRoute({
  operation: 'putEmbeddingMigration',
  method: 'PUT',
  path: '/v1/projects/{project}/embeddings/{space}/migration',
  noun: 'embeddings',
  summary: 'Migrate a space to another model',
  description:
    'The control plane embeds every item again while searches use the old model, then the two change places. A model of a provider needs the scope model:call.',
  auth: 'embedding:operate',
  idempotencyKey: 'none',
  input: { ...noInput, params: inSpace, body: z.strictObject(modelFields) },
  outputs: { 200: spaceSchema },
  problems: ['conflict'],
  examples: [
    {
      title: 'Shorter vectors',
      params,
      body: { dimensions: 256 },
      status: 200,
      response: {
        ...exampleSpace,
        next: { ...exampleModel, model: 'local-256', dims: 256, state: 'building' as const },
      },
    },
  ],
})

export const cancelEmbeddingMigration = defineRoute({
  operation: 'cancelEmbeddingMigration',
  method: 'DELETE',
  path: '/v1/projects/{project}/embeddings/{space}/migration',
  noun: 'embeddings',
  summary: 'End a migration without its effect',
  auth: 'embedding:operate',
  idempotencyKey: 'none',
  input: { ...noInput, params: inSpace },
  outputs: {
    200: z
      .object({ cancelled: z.boolean().describe('false: there was none') })
      .meta({ id: 'EmbeddingMigrationCancelled' }),
  },
  problems: [],
  examples: [{ title: 'Cancelled', params, status: 200, response: { cancelled: true } }],
})
