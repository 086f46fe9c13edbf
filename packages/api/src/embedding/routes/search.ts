import { z } from 'zod'
import { objectField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { inSpace, params, query, tenant } from '../embedding-fields.ts'
import { filterField } from '../filter-field.ts'

export const searchEmbeddings = defineRoute({
  operation: 'searchEmbeddings',
  method: 'POST',
  path: '/v1/projects/{project}/embeddings/{space}/search',
  noun: 'embeddings',
  summary: 'The best items for a text, by meaning and by words',
  description:
    'As many as match, up to k. complete is false only where a bound was hit. Where a provider’s model embeds the text, that needs the scope model:call, and the project of the path pays for it.',
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
      mmr: z
        .strictObject({ lambda: z.number().min(0).max(1).describe('0 prefers difference alone, 1 relevance alone') })
        .optional()
        .describe('Prefers hits unlike those before them (maximal marginal relevance); needs vectors'),
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
