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
import {
  cacheClear,
  cacheDelete,
  cacheGetMany,
  cacheInvalidateTags,
  cacheList,
  cachePutMany,
  cacheStats,
  cacheSweep,
} from '@core/api/functions'
import { structuredCodec, toStoredKey } from '@core/cache'
import { type BoundRoute, type RouteAnswer, serve } from '../../http/bound-route.ts'
import { toCamelCase } from '../../http/camel-case.ts'
import { toAnswer } from '../../http/denial.ts'
import { forward, forwardPage } from '../../http/forward.ts'
import { notFound, ProblemError } from '../../http/problem-error.ts'
import { showValue } from './show-value.ts'

const emptyStats = { entries: 0, bytes: 0, stale: 0, oldest_gone_at: null }

const ok = (body: object): RouteAnswer => ({ status: 200, body: toCamelCase(body) })

/** `hint` is called after each change, so that memory elsewhere drops what it has at once. */
export const createCacheRoutes = (hint: (project: string, namespace: string) => void): BoundRoute[] => [
  serve(listCacheNamespaces, async ({ project, call }) => {
    const { namespaces } = await call(cacheStats, { project })
    return ok({ data: namespaces })
  }),

  serve(getCacheStats, async ({ project, params: { namespace }, query: { owner = project }, call }) => {
    const { namespaces } = await call(cacheStats, { namespace, project: owner })
    return ok(namespaces[0] ?? { namespace, ...emptyStats })
  }),

  forwardPage(listCacheEntries, cacheList, 'entries', ({ project, params: { namespace }, query }) => {
    const { owner = project, cursor: after, limit } = query
    return { namespace, after, limit, project: owner }
  }),

  serve(getCacheEntry, async ({ project, params: { namespace, key }, query: { owner = project }, call }) => {
    const { entries } = await call(cacheGetMany, { namespace, keys: [toStoredKey(key)], project: owner })
    const [entry] = entries
    const shown = entry == null ? undefined : showValue(Buffer.from(entry.value, 'base64'))
    if (entry == null || shown === undefined) throw notFound()
    // By hand: names inside a value are the caller's own, and stay as they are.
    const { tags, fresh_ms: freshMs, stale_ms: staleMs, version } = entry
    return { status: 200, body: { key, ...shown, tags, freshMs, staleMs, version } }
  }),

  serve(putCacheEntry, async ({ project, params: { namespace, key }, query: { owner = project }, body, call }) => {
    const freshMs = body.ttlSeconds * 1000
    const entry = {
      key: toStoredKey(key),
      value: Buffer.from(structuredCodec.encode(body.value)).toString('base64'),
      fresh_ms: freshMs,
      stale_ms: freshMs + body.staleForSeconds * 1000,
      tags: body.tags,
    }
    const { versions } = await call(cachePutMany, { namespace, entries: [entry], project: owner })
    const [version] = versions
    hint(owner, namespace)
    if (version == null) throw new ProblemError('conflict', 'the key was written or invalidated at the same moment')
    return ok({ key, version })
  }),

  serve(deleteCacheEntry, async ({ project, params: { namespace, key }, query: { owner = project }, call }) => {
    const answer = await call(cacheDelete, { namespace, keys: [toStoredKey(key)], project: owner })
    hint(owner, namespace)
    return toAnswer(200, { ...answer, key })
  }),

  serve(invalidateCacheTags, async ({ project, params: { namespace }, query: { owner = project }, body, call }) => {
    const answer = await call(cacheInvalidateTags, { namespace, tags: body.tags, project: owner })
    hint(owner, namespace)
    return toAnswer(200, { ...answer, invalidated: body.tags.length })
  }),

  serve(clearCacheNamespace, async ({ project, params: { namespace }, call }) => {
    const answer = await call(cacheClear, { namespace, project })
    hint(project, namespace)
    return toAnswer(200, { ...answer, namespace })
  }),

  forward(sweepCache, cacheSweep, ({ project, body: { limit } }) => ({ limit, project })),
]
