import { z } from 'zod'
import { jsonObjectField, ownerField, pageFields, pageOf, timestampField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { documentField, inSpace, params, query, source, tenant } from '../embedding-fields.ts'

export const putEmbeddingDocuments = defineRoute({
  operation: 'putEmbeddingDocuments',
  method: 'POST',
  path: '/v1/projects/{project}/embeddings/{space}/documents',
  noun: 'embeddings',
  summary: 'Write documents: split, embed what changed, store',
  description:
    'What is unchanged is neither embedded nor written. A missing space is made with the local model. Calls of a provider’s model need the scope model:call, and the project of the path pays for them.',
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
        empty: z.int().describe('Pieces without a vector because their text is empty'),
        tokens: z.int().describe('What the calls of the model took'),
        cost: z.int().describe('And cost, in micro-credits'),
        stopped: z
          .string()
          .nullable()
          .describe('Why the model was not asked for the rest, such as credits that have ended; the rest is queued'),
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
      response: {
        added: 1,
        updated: 0,
        skipped: 0,
        deleted: 0,
        queued: 0,
        empty: 0,
        tokens: 0,
        cost: 0,
        stopped: null,
      },
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
