import { z } from 'zod'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import {
  exampleSpace,
  inProject,
  inSpace,
  modelFields,
  params,
  query,
  space,
  spaceSchema,
} from '../embedding-fields.ts'

export const listEmbeddingSpaces = defineRoute({
  operation: 'listEmbeddingSpaces',
  method: 'GET',
  path: '/v1/projects/{project}/embeddings',
  noun: 'embeddings',
  summary: 'The spaces of a project; at most 100',
  auth: 'embedding:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: inProject },
  outputs: {
    200: z.object({ data: z.array(spaceSchema).describe('The spaces, by name') }).meta({ id: 'EmbeddingSpaces' }),
  },
  problems: [],
  examples: [{ title: 'One space', params: { project: 'current' }, status: 200, response: { data: [exampleSpace] } }],
})

export const getEmbeddingSpace = defineRoute({
  operation: 'getEmbeddingSpace',
  method: 'GET',
  path: '/v1/projects/{project}/embeddings/{space}',
  noun: 'embeddings',
  summary: 'A space, and what waits for a vector in it',
  auth: 'embedding:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: inSpace, query },
  outputs: {
    200: z
      .object({
        ...space,
        queued: z.int().describe('Items that wait for a vector; counted up to 100000'),
        failed: z.int().describe('Those of them that failed ten times'),
        unfilled: z.int().describe('Items that are not queued yet for the model that is being filled'),
      })
      .meta({ id: 'EmbeddingSpaceStats' }),
  },
  problems: [],
  examples: [
    { title: 'A space', params, status: 200, response: { ...exampleSpace, queued: 0, failed: 0, unfilled: 0 } },
  ],
})

export const putEmbeddingSpace = defineRoute({
  operation: 'putEmbeddingSpace',
  method: 'PUT',
  path: '/v1/projects/{project}/embeddings/{space}',
  noun: 'embeddings',
  summary: 'Make a space, or read the one of this name',
  description:
    'The local model finds shared words and parts of words. A model of a provider needs the scope model:call, and its project pays for each call. Programs with @core/embeddings use any model.',
  auth: 'embedding:write',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: inSpace,
    body: z.strictObject({
      ...modelFields,
      language: z
        .string()
        .regex(/^[a-z]{1,30}$/)
        .default('english')
        .describe('simple, or a language of Postgres such as english or german'),
    }),
  },
  outputs: { 200: spaceSchema },
  problems: ['model_mismatch', 'bound_reached', 'conflict'],
  examples: [{ title: 'A space', params, body: {}, status: 200, response: exampleSpace }],
})

export const dropEmbeddingSpace = defineRoute({
  operation: 'dropEmbeddingSpace',
  method: 'DELETE',
  path: '/v1/projects/{project}/embeddings/{space}',
  noun: 'embeddings',
  summary: 'Delete a space with everything in it',
  auth: 'embedding:operate',
  idempotencyKey: 'none',
  input: { ...noInput, params: inSpace },
  outputs: {
    200: z.object({ dropped: z.boolean().describe('false: there was none') }).meta({ id: 'EmbeddingSpaceDropped' }),
  },
  problems: [],
  examples: [{ title: 'Deleted', params, status: 200, response: { dropped: true } }],
})
