import { z } from 'zod'
import { jsonField, ownerField, pageFields, pageOf, timestampField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { inNamespace, keyField, namespace, ofKey, ofOwner, project, tagsField } from '../cache-fields.ts'

const entrySchema = z
  .object({
    key: z.string().describe('The key'),
    encoding: z
      .enum(['json', 'devalue', 'base64'])
      .describe(
        'What value is: the JSON value itself, a text of the format devalue (dates, maps, sets, big integers), or bytes',
      ),
    value: z.unknown().describe('The value'),
    tags: z.array(z.string()).describe('Names under which it can be invalidated'),
    freshMs: z.number().describe('Milliseconds until it is stale; negative when it is'),
    staleMs: z.number().describe('Milliseconds until it is gone'),
    version: z.int().describe('Increases with each write of the key'),
  })
  .meta({ id: 'CacheEntry' })

const listedSchema = z
  .object({
    key: z.string().describe('The key'),
    size: z.int().describe('Bytes of the encoded value'),
    tags: z.array(z.string()).describe('Names under which it can be invalidated'),
    version: z.int().describe('Increases with each write of the key'),
    writer: z.string().nullable().describe('Who wrote it'),
    freshUntil: timestampField,
    goneAt: timestampField,
  })
  .meta({ id: 'CacheEntryKey' })

export const listCacheEntries = defineRoute({
  operation: 'listCacheEntries',
  method: 'GET',
  path: '/v1/projects/{project}/cache/{namespace}/entries',
  noun: 'cache',
  summary: 'The keys of a namespace, without their values',
  description: 'Continue until page.next is null: a page may have fewer keys than asked for, though others follow.',
  auth: 'cache:read',
  idempotencyKey: 'none',
  input: {
    ...noInput,
    params: inNamespace,
    query: z.strictObject({ ...pageFields(keyField), owner: ownerField }),
  },
  outputs: { 200: pageOf(listedSchema) },
  problems: [],
  examples: [
    {
      title: 'One key',
      params: { project, namespace },
      status: 200,
      response: {
        data: [
          {
            key: 'question:7',
            size: 412,
            tags: ['model:small'],
            version: 318,
            writer: 'key:019ab2c4-0000-7000-8000-000000000001',
            freshUntil: '2026-11-20T09:30:00+00:00',
            goneAt: '2026-11-20T15:30:00+00:00',
          },
        ],
        page: { next: null },
      },
    },
  ],
})

export const getCacheEntry = defineRoute({
  operation: 'getCacheEntry',
  method: 'GET',
  path: '/v1/projects/{project}/cache/{namespace}/entries/{key}',
  noun: 'cache',
  summary: 'A cached value, fresh or stale',
  description: 'A value that this version cannot decode counts as missing.',
  auth: 'cache:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: ofKey, query: ofOwner },
  outputs: { 200: entrySchema },
  problems: [],
  examples: [
    {
      title: 'An answer of a model',
      params: { project, namespace, key: 'question:7' },
      status: 200,
      response: {
        key: 'question:7',
        encoding: 'json',
        value: { text: 'Forty-two.' },
        tags: ['model:small'],
        freshMs: 512_000,
        staleMs: 22_112_000,
        version: 318,
      },
    },
  ],
})

export const putCacheEntry = defineRoute({
  operation: 'putCacheEntry',
  method: 'PUT',
  path: '/v1/projects/{project}/cache/{namespace}/entries/{key}',
  noun: 'cache',
  summary: 'Cache a JSON value',
  description: 'Every process that has another value of the key in memory drops it.',
  auth: 'cache:write',
  idempotencyKey: 'none',
  isTraffic: true,
  input: {
    ...noInput,
    params: ofKey,
    query: ofOwner,
    body: z.strictObject({
      value: jsonField.describe('Any JSON value'),
      ttlSeconds: z
        .int()
        .min(0)
        .max(315_360_000)
        .default(300)
        .describe('Seconds for which it is fresh, 0 to ten years'),
      staleForSeconds: z
        .int()
        .min(0)
        .max(315_360_000)
        .default(0)
        .describe('Seconds after that for which it may be served stale'),
      tags: tagsField.default([]),
    }),
  },
  outputs: {
    200: z
      .object({ key: z.string().describe('The key'), version: z.int().describe('The number of this write') })
      .meta({ id: 'CacheWritten' }),
  },
  problems: ['conflict'],
  examples: [
    {
      title: 'For ten minutes',
      params: { project, namespace, key: 'question:7' },
      body: { value: { text: 'Forty-two.' }, ttlSeconds: 600, tags: ['model:small'] },
      status: 200,
      response: { key: 'question:7', version: 318 },
    },
  ],
})

export const deleteCacheEntry = defineRoute({
  operation: 'deleteCacheEntry',
  method: 'DELETE',
  path: '/v1/projects/{project}/cache/{namespace}/entries/{key}',
  noun: 'cache',
  summary: 'Delete a cached value for every process',
  description: 'What was read before may not be written back. Without a value the answer is the same.',
  auth: 'cache:write',
  idempotencyKey: 'none',
  isTraffic: true,
  input: { ...noInput, params: ofKey, query: ofOwner },
  outputs: { 200: z.object({ key: z.string().describe('The key') }).meta({ id: 'CacheDeleted' }) },
  problems: [],
  examples: [
    {
      title: 'Deleted',
      params: { project, namespace, key: 'question:7' },
      status: 200,
      response: { key: 'question:7' },
    },
  ],
})
