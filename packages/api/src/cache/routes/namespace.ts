import { z } from 'zod'
import { timestampField } from '../../contract/field.ts'
import { defineRoute, noInput } from '../../contract/route-contract.ts'
import { inNamespace, inProject, namespace, ofOwner, project, tagField } from '../cache-fields.ts'

const statsSchema = z
  .object({
    namespace: z.string().describe('The namespace'),
    entries: z.int().describe('Entries that are not gone'),
    bytes: z.int().describe('Bytes of their encoded values'),
    stale: z.int().describe('Those of them that are past their ttl'),
    oldestGoneAt: timestampField.nullable().describe('When the first of them is gone; null without any'),
  })
  .meta({ id: 'CacheStats' })

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
