import { z } from 'zod'
import {
  jsonObjectField,
  objectField,
  ownerField,
  pageFields,
  pageOf,
  projectField,
  timestampField,
} from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'
import { filterField } from './filter-field.ts'

const spaceField = z
  .string()
  .regex(/^[a-z][a-z0-9_.-]{0,62}$/)
  .describe('A space: 1 to 63 of a-z, 0-9, ., _ and -, beginning with a letter')
const inProject = z.strictObject({ project: projectField })
const inSpace = z.strictObject({ project: projectField, space: spaceField })
const query = z.strictObject({ owner: ownerField })
const tenant = z.string().max(200).default('').describe('Whose items these are within the space; empty for none')
const source = z.string().min(1).max(200).default('default').describe('Where the documents come from')
const documentField = z
  .string()
  .min(1)
  .max(500)
  .describe('Names a document within its source: a path, an address, an id')
const dimensions = z.int().min(16).max(4000).describe('The length of the vectors of the local model, 16 to 4000')

const modelSchema = z
  .object({
    provider: z.string().describe('core for the local model'),
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

const space = {
  space: z.string().describe('The space'),
  language: z.string().describe('How words are reduced for text search'),
  items: z.int().describe('Pieces of documents'),
  bytes: z.int().describe('Bytes of their texts'),
  createdAt: timestampField,
  model: modelSchema.describe('The model that searches use'),
  next: modelSchema.nullable().describe('The model it migrates to, or null'),
}
const spaceSchema = z.object(space).meta({ id: 'EmbeddingSpace' })

const exampleModel = {
  provider: 'core',
  model: 'local-384',
  revision: '2',
  dims: 384,
  metric: 'cosine',
  state: 'active',
  indexState: 'none',
  hasVectors: true,
} as const
const exampleSpace = {
  space: 'docs',
  language: 'english',
  items: 412,
  bytes: 301_000,
  createdAt: '2026-11-20T09:30:00+00:00',
  model: exampleModel,
  next: null,
}
const params = { project: 'current', space: 'docs' }

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
  summary: 'Make a space by the local model, or read the one of this name',
  description: 'The local model finds shared words and parts of words. Programs with @core/embeddings use any model.',
  auth: 'embedding:write',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: inSpace,
    body: z.strictObject({
      dimensions: dimensions.default(384),
      language: z
        .string()
        .regex(/^[a-z]{1,30}$/)
        .default('english')
        .describe('simple, or a language of Postgres such as english or german'),
    }),
  },
  outputs: { 200: spaceSchema },
  problems: ['model_mismatch', 'bound_reached'],
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

export const putEmbeddingDocuments = defineRoute({
  operation: 'putEmbeddingDocuments',
  method: 'POST',
  path: '/v1/projects/{project}/embeddings/{space}/documents',
  noun: 'embeddings',
  summary: 'Write documents: split, embed what changed, store',
  description: 'What is unchanged is neither embedded nor written. The space must have the local model.',
  auth: 'embedding:write',
  idempotencyKey: 'none',
  isTraffic: true,
  input: {
    ...noInput,
    params: inSpace,
    query,
    body: z.strictObject({
      documents: z
        .array(
          z.strictObject({
            id: documentField,
            text: z.string().max(1_048_576).describe('The text, at most 1 MB and the limit of a request’s body'),
            title: z.string().max(500).optional().describe('Weighs more than the text in text search'),
            metadata: jsonObjectField.optional().describe('What filters look at: a JSON object of at most 16 KB'),
          }),
        )
        .min(1)
        .max(100)
        .describe('1 to 100 documents'),
      tenant,
      source,
      chunk: z.boolean().default(true).describe('false: each document stays whole'),
    }),
  },
  outputs: {
    200: z
      .object({
        added: z.int().describe('Pieces that are new'),
        updated: z.int().describe('Pieces that changed'),
        skipped: z.int().describe('Pieces that are unchanged'),
        deleted: z.int().describe('Pieces that these documents no longer have'),
        queued: z.int().describe('Pieces that wait for a vector'),
      })
      .meta({ id: 'EmbeddingDocumentsWritten' }),
  },
  problems: ['conflict'],
  examples: [
    {
      title: 'A page',
      params,
      body: { documents: [{ id: 'guides/spend-offline.md', text: '# Spend offline', metadata: { lang: 'en' } }] },
      status: 200,
      response: { added: 1, updated: 0, skipped: 0, deleted: 0, queued: 0 },
    },
  ],
})

export const listEmbeddingDocuments = defineRoute({
  operation: 'listEmbeddingDocuments',
  method: 'GET',
  path: '/v1/projects/{project}/embeddings/{space}/documents',
  noun: 'embeddings',
  summary: 'The documents of a source, by name',
  auth: 'embedding:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: inSpace,
    query: z.strictObject({ ...pageFields(documentField), owner: ownerField, tenant, source }),
  },
  outputs: {
    200: pageOf(
      z
        .object({
          document: z.string().describe('The document'),
          items: z.int().describe('Its pieces'),
          updatedAt: timestampField,
        })
        .meta({ id: 'EmbeddingDocumentRow' }),
    ),
  },
  problems: [],
  examples: [
    {
      title: 'One document',
      params,
      status: 200,
      response: {
        data: [{ document: 'guides/spend-offline.md', items: 9, updatedAt: '2026-11-20T09:30:00+00:00' }],
        page: { next: null },
      },
    },
  ],
})

export const deleteEmbeddingDocuments = defineRoute({
  operation: 'deleteEmbeddingDocuments',
  method: 'POST',
  path: '/v1/projects/{project}/embeddings/{space}/documents/delete',
  noun: 'embeddings',
  summary: 'Delete documents of a source',
  auth: 'embedding:write',
  idempotencyKey: 'none',
  isTraffic: true,
  input: {
    ...noInput,
    params: inSpace,
    query,
    body: z.strictObject({
      documents: z.array(documentField).min(1).max(1000).describe('1 to 1000 documents'),
      tenant,
      source,
    }),
  },
  outputs: {
    200: z
      .object({
        deleted: z.int().describe('How many pieces'),
        more: z.boolean().describe('true: send the same again, for a call deletes at most 1000'),
      })
      .meta({ id: 'EmbeddingDocumentsDeleted' }),
  },
  problems: [],
  examples: [
    {
      title: 'A page',
      params,
      body: { documents: ['guides/spend-offline.md'] },
      status: 200,
      response: { deleted: 9, more: false },
    },
  ],
})

export const searchEmbeddings = defineRoute({
  operation: 'searchEmbeddings',
  method: 'POST',
  path: '/v1/projects/{project}/embeddings/{space}/search',
  noun: 'embeddings',
  summary: 'The best items for a text, by meaning and by words',
  description: 'As many as match, up to k. complete is false only where a bound was hit.',
  auth: 'embedding:read',
  idempotencyKey: 'none',
  isReadOnly: true,
  input: {
    ...noInput,
    params: inSpace,
    query,
    body: z.strictObject({
      text: z.string().min(1).max(65_536).describe('What to look for'),
      k: z.int().min(1).max(1000).default(10).describe('Hits at most, 1 to 1000'),
      mode: z.enum(['vector', 'text', 'hybrid']).default('hybrid').describe('hybrid joins the two by rank'),
      recall: z.enum(['fast', 'balanced', 'exact']).default('balanced').describe('exact compares all'),
      filter: filterField.optional(),
      minScore: z.number().optional().describe('Leaves out hits with less: the cosine in mode vector'),
      tenant,
      source: z.string().min(1).max(200).optional().describe('Only of this source'),
      onePerDocument: z.boolean().default(false).describe('Only the best hit of each document'),
    }),
  },
  outputs: {
    200: z
      .object({
        hits: z
          .array(
            z
              .object({
                document: z.string().describe('The document'),
                ordinal: z.int().describe('Its place among the pieces of the document'),
                source: z.string().describe('Where the document comes from'),
                title: z.string().describe('The headings above it'),
                score: z.number().describe('Greater is better; comparable within one answer'),
                start: z
                  .int()
                  .optional()
                  .describe('Where it begins in the document, in characters of UTF-16 and the form NFC'),
                end: z.int().optional().describe('Where it ends'),
                content: z.string().describe('The text'),
                metadata: objectField.describe('As it was written'),
              })
              .meta({ id: 'EmbeddingHit' }),
          )
          .describe('Best first'),
        plan: z.enum(['exact', 'hnsw', 'hnsw+exact', 'text']).describe('How vectors were searched'),
        complete: z.boolean().describe('false: a bound was hit, and there may be more'),
      })
      .meta({ id: 'EmbeddingHits' }),
  },
  problems: ['conflict'],
  examples: [
    {
      title: 'A question',
      params,
      body: { text: 'how do I spend offline', k: 1 },
      status: 200,
      response: {
        hits: [
          {
            document: 'guides/spend-offline.md',
            ordinal: 0,
            source: 'default',
            title: 'Spend offline',
            score: 0.0328,
            start: 0,
            end: 15,
            content: '# Spend offline',
            metadata: { lang: 'en' },
          },
        ],
        plan: 'exact',
        complete: true,
      },
    },
  ],
})

export const measureEmbeddingRecall = defineRoute({
  operation: 'measureEmbeddingRecall',
  method: 'POST',
  path: '/v1/projects/{project}/embeddings/{space}/recall',
  noun: 'embeddings',
  summary: 'The part of the nearest items that searches find, over a sample',
  auth: 'embedding:operate',
  idempotencyKey: 'none',
  isReadOnly: true,
  input: {
    ...noInput,
    params: inSpace,
    body: z.strictObject({
      sample: z.int().min(1).max(1000).default(50).describe('Items to search by, 1 to 1000'),
      k: z.int().min(1).max(100).default(10).describe('Neighbours of each, 1 to 100'),
      recall: z.enum(['fast', 'balanced']).default('balanced').describe('The level to measure'),
      tenant,
    }),
  },
  outputs: {
    200: z
      .object({
        sample: z.int().describe('Items that were searched by'),
        recall: z.number().nullable().describe('From 0 to 1; null without items'),
        plan: z.enum(['exact', 'hnsw', 'hnsw+exact']).describe('How vectors were searched'),
      })
      .meta({ id: 'EmbeddingRecall' }),
  },
  problems: ['conflict'],
  examples: [
    { title: 'A small space', params, body: {}, status: 200, response: { sample: 50, recall: 1, plan: 'exact' } },
  ],
})

export const putEmbeddingMigration = defineRoute({
  operation: 'putEmbeddingMigration',
  method: 'PUT',
  path: '/v1/projects/{project}/embeddings/{space}/migration',
  noun: 'embeddings',
  summary: 'Migrate a space to the local model of another length',
  description:
    'The control plane embeds every item again while searches use the old model, then the two change places.',
  auth: 'embedding:operate',
  idempotencyKey: 'none',
  input: { ...noInput, params: inSpace, body: z.strictObject({ dimensions }) },
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

export const routes = [
  listEmbeddingSpaces,
  getEmbeddingSpace,
  putEmbeddingSpace,
  dropEmbeddingSpace,
  putEmbeddingDocuments,
  listEmbeddingDocuments,
  deleteEmbeddingDocuments,
  searchEmbeddings,
  measureEmbeddingRecall,
  putEmbeddingMigration,
  cancelEmbeddingMigration,
] as const
