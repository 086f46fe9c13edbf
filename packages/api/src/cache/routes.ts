import { z } from 'zod'
import {
  jsonField,
  nameField,
  ownerField,
  pageFields,
  pageOf,
  projectField,
  timestampField,
} from '../contract/field.ts'
import { defineRoute, noInput } from '../contract/route-contract.ts'

const namespaceField = nameField(512).describe('A namespace of the cache, 1 to 512 characters, not . or ..')
const keyField = nameField(512).describe('A key in it, 1 to 512 characters, not . or ..')
const tagField = z.string().min(1).max(512)
const tagsField = z.array(tagField).max(64).describe('Names under which entries can be invalidated')

const inProject = z.strictObject({ project: projectField })
const inNamespace = z.strictObject({ project: projectField, namespace: namespaceField })
const ofKey = z.strictObject({ project: projectField, namespace: namespaceField, key: keyField })
const ofOwner = z.strictObject({ owner: ownerField })

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

const statsSchema = z
  .object({
    namespace: z.string().describe('The namespace'),
    entries: z.int().describe('Entries that are not gone'),
    bytes: z.int().describe('Bytes of their encoded values'),
    stale: z.int().describe('Those of them that are past their ttl'),
    oldestGoneAt: timestampField.nullable().describe('When the first of them is gone; null without any'),
  })
  .meta({ id: 'CacheStats' })

const project = 'model_service'
const namespace = 'answers'
const stats = {
  namespace,
  entries: 1200,
  bytes: 480_000,
  stale: 30,
  oldestGoneAt: '2026-11-20T09:30:00+00:00',
}

export const listCacheNamespaces = defineRoute({
  operation: 'listCacheNamespaces',
  method: 'GET',
  path: '/v1/projects/{project}/cache',
  noun: 'cache',
  summary: 'What a project keeps in the shared tier of the cache, by namespace; at most 1,000',
  auth: 'cache:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: inProject },
  outputs: { 200: z.object({ data: z.array(statsSchema).describe('The namespaces') }).meta({ id: 'CacheNamespaces' }) },
  problems: [],
  examples: [{ title: 'One namespace', params: { project }, status: 200, response: { data: [stats] } }],
})

export const getCacheStats = defineRoute({
  operation: 'getCacheStats',
  method: 'GET',
  path: '/v1/projects/{project}/cache/{namespace}/stats',
  noun: 'cache',
  summary: 'Entries and bytes of a namespace',
  auth: 'cache:read',
  idempotencyKey: 'none',
  input: { ...noInput, params: inNamespace, query: ofOwner },
  outputs: { 200: statsSchema },
  problems: [],
  examples: [{ title: 'A namespace', params: { project, namespace }, status: 200, response: stats }],
})

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

export const invalidateCacheTags = defineRoute({
  operation: 'invalidateCacheTags',
  method: 'POST',
  path: '/v1/projects/{project}/cache/{namespace}/invalidate',
  noun: 'cache',
  summary: 'Void every entry with one of the tags',
  description: 'The time it takes does not depend on how many there are.',
  auth: 'cache:write',
  idempotencyKey: 'none',
  isTraffic: true,
  input: {
    ...noInput,
    params: inNamespace,
    query: ofOwner,
    body: z.strictObject({ tags: z.array(tagField).min(1).max(1000).describe('1 to 1000 tags') }),
  },
  outputs: {
    200: z.object({ invalidated: z.int().describe('How many tags were invalidated') }).meta({ id: 'CacheInvalidated' }),
  },
  problems: [],
  examples: [
    {
      title: 'A model was replaced',
      params: { project, namespace },
      body: { tags: ['model:small'] },
      status: 200,
      response: { invalidated: 1 },
    },
  ],
})

export const clearCacheNamespace = defineRoute({
  operation: 'clearCacheNamespace',
  method: 'DELETE',
  path: '/v1/projects/{project}/cache/{namespace}',
  noun: 'cache',
  summary: 'Void every entry of a namespace of this project',
  auth: 'cache:operate',
  idempotencyKey: 'none',
  isTraffic: true,
  input: { ...noInput, params: inNamespace },
  outputs: { 200: z.object({ namespace: z.string().describe('The namespace') }).meta({ id: 'CacheCleared' }) },
  problems: [],
  examples: [{ title: 'Cleared', params: { project, namespace }, status: 200, response: { namespace } }],
})

export const sweepCache = defineRoute({
  operation: 'sweepCache',
  method: 'POST',
  path: '/v1/projects/{project}/cache/sweep',
  noun: 'cache',
  summary: 'Delete what is gone, and what a project keeps beyond its bounds',
  description: 'The control plane and every cache do this themselves. One caller at a time; the others answer 0.',
  auth: 'cache:write',
  idempotencyKey: 'none',
  isTraffic: true,
  input: {
    ...noInput,
    params: inProject,
    body: z.strictObject({ limit: z.int().min(1).max(1000).default(1000).describe('Entries at most, 1 to 1000') }),
  },
  outputs: {
    200: z
      .object({
        swept: z.int().describe('Entries that were gone'),
        evicted: z.int().describe('Entries of projects that keep more than they may'),
      })
      .meta({ id: 'CacheSwept' }),
  },
  problems: [],
  examples: [{ title: 'A sweep', params: { project }, body: {}, status: 200, response: { swept: 120, evicted: 0 } }],
})

/** In the order of the docs. */
export const routes = [
  listCacheNamespaces,
  getCacheStats,
  listCacheEntries,
  getCacheEntry,
  putCacheEntry,
  deleteCacheEntry,
  invalidateCacheTags,
  clearCacheNamespace,
  sweepCache,
] as const
