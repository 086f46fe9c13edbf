import { type Cache, createCache } from '@core/cache'
import { postgresStore } from '@core/cache/postgres'
import type { Context } from './context.ts'

/** The cache of @core/cache; what it answers from memory at once is a promise here, since it is loaded at its first call. */
export interface CoreCache extends Omit<Cache, 'peek' | 'stats' | 'namespace' | 'close' | typeof Symbol.asyncDispose> {
  stats(): Promise<ReturnType<Cache['stats']>>
  peek<Value>(key: string): Promise<Value | undefined>
  namespace(name: string): CoreCache
}

export interface OpenedCache {
  readonly cache: CoreCache
  close(): Promise<void>
}

export function openCache({ project, database, clock, logger, random }: Context): OpenedCache {
  const cache = createCache({ store: postgresStore({ database, project }), clock, logger, random })
  return { cache: toCoreCache(cache), close: () => cache.close() }
}

function toCoreCache(cache: Cache): CoreCache {
  return {
    ...cache,
    stats: async () => cache.stats(),
    peek: async (key) => cache.peek(key),
    namespace: (name) => toCoreCache(cache.namespace(name)),
  }
}
