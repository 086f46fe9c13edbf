import { deleteCacheEntry, getCacheEntry, listCacheEntries, putCacheEntry } from './routes/entry.ts'
import {
  clearCacheNamespace,
  getCacheStats,
  invalidateCacheTags,
  listCacheNamespaces,
  sweepCache,
} from './routes/namespace.ts'

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
