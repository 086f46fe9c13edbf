import {
  clearCacheNamespace,
  deleteCacheEntry,
  getCacheEntry,
  getCacheStats,
  invalidateCacheTags,
  listCacheEntries,
  listCacheNamespaces,
  putCacheEntry,
  sweepCache,
} from '@core/api'
import { structuredCodec, toStoredKey } from '@core/cache'
import { z } from 'zod'
import { type RouteAnswer, serve } from '../../http/bound-route.ts'
import { toCamelCase } from '../../http/camel-case.ts'
import { toAnswer } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'
import { notFound, ProblemError } from '../../http/problem-error.ts'
import { showValue } from './show-value.ts'

const readSchema = z.object({
  entries: z.array(
    z
      .looseObject({
        value: z.string(),
        tags: z.array(z.string()),
        fresh_ms: z.number(),
        stale_ms: z.number(),
        version: z.int(),
      })
      .nullable(),
  ),
})
const statsSchema = z.object({ namespaces: z.array(z.looseObject({})) })
const writtenSchema = z.object({ versions: z.array(z.int().nullable()) })
const emptyStats = { entries: 0, bytes: 0, stale: 0, oldest_gone_at: null }

const ok = (body: object): RouteAnswer => ({ status: 200, body: toCamelCase(body) })

export const cacheRoutes = [
  serve(listCacheNamespaces, async ({ project, rpc }) => {
    const { namespaces } = statsSchema.parse(await rpc('cache_stats', { p_project: project }))
    return ok({ data: namespaces })
  }),

  serve(getCacheStats, async ({ project, params: { namespace }, query: { owner = project }, rpc }) => {
    const answer = await rpc('cache_stats', { p_namespace: namespace, p_project: owner })
    const [stats = { namespace, ...emptyStats }] = statsSchema.parse(answer).namespaces
    return ok(stats)
  }),

  serve(listCacheEntries, async ({ project, params: { namespace }, query, rpc }) => {
    const { owner = project, cursor, limit } = query
    const args = { p_namespace: namespace, p_after: cursor ?? null, p_limit: limit, p_project: owner }
    return toPage('entries', await rpc('cache_list', args))
  }),

  serve(getCacheEntry, async ({ project, params: { namespace, key }, query: { owner = project }, rpc }) => {
    const answer = await rpc('cache_get_many', { p_namespace: namespace, p_keys: [toStoredKey(key)], p_project: owner })
    const [entry] = readSchema.parse(answer).entries
    const shown = entry == null ? undefined : showValue(Buffer.from(entry.value, 'base64'))
    if (entry == null || shown === undefined) throw notFound()
    // By hand: names inside a value are the caller's own, and stay as they are.
    const { tags, fresh_ms: freshMs, stale_ms: staleMs, version } = entry
    return { status: 200, body: { key, ...shown, tags, freshMs, staleMs, version } }
  }),

  serve(putCacheEntry, async ({ project, params: { namespace, key }, query: { owner = project }, body, rpc }) => {
    const freshMs = body.ttlSeconds * 1000
    const entry = {
      key: toStoredKey(key),
      value: Buffer.from(structuredCodec.encode(body.value)).toString('base64'),
      fresh_ms: freshMs,
      stale_ms: freshMs + body.staleForSeconds * 1000,
      tags: body.tags,
    }
    const answer = await rpc('cache_put_many', { p_namespace: namespace, p_entries: [entry], p_project: owner })
    const [version] = writtenSchema.parse(answer).versions
    if (version == null) throw new ProblemError('conflict', 'the key was written or invalidated at the same moment')
    return ok({ key, version })
  }),

  serve(deleteCacheEntry, async ({ project, params: { namespace, key }, query: { owner = project }, rpc }) => {
    const answer = await rpc('cache_delete', { p_namespace: namespace, p_keys: [toStoredKey(key)], p_project: owner })
    return toAnswer(200, { ...answer, key })
  }),

  serve(invalidateCacheTags, async ({ project, params: { namespace }, query: { owner = project }, body, rpc }) => {
    const args = { p_namespace: namespace, p_tags: body.tags, p_project: owner }
    return toAnswer(200, { ...(await rpc('cache_invalidate_tags', args)), invalidated: body.tags.length })
  }),

  serve(clearCacheNamespace, async ({ project, params: { namespace }, rpc }) =>
    toAnswer(200, { ...(await rpc('cache_clear', { p_namespace: namespace, p_project: project })), namespace }),
  ),

  serve(sweepCache, async ({ project, body: { limit }, rpc }) =>
    toAnswer(200, await rpc('cache_sweep', { p_limit: limit, p_project: project })),
  ),
]
