import type { Cache } from './cache.ts'

/** What `new Keyv({ store })` takes (keyv 5). Structural, so that keyv is no dependency. */
export interface KeyvStore {
  /** Of keyv: read and set by it. */
  opts: Record<string, unknown>
  /** Set by keyv: what is written under one is a namespace of the cache, which `clear` empties alone. */
  namespace: string | undefined
  get<Value>(key: string): Promise<Value | undefined>
  getMany<Value>(keys: readonly string[]): Promise<(Value | undefined)[]>
  set(key: string, value: unknown, ttl?: number): Promise<void>
  setMany(entries: readonly { key: string; value: unknown; ttl?: number }[]): Promise<void>
  has(key: string): Promise<boolean>
  hasMany(keys: readonly string[]): Promise<boolean[]>
  /** Whether there was one. */
  delete(key: string): Promise<boolean>
  deleteMany(keys: readonly string[]): Promise<boolean>
  clear(): Promise<void>
  /** Does not close the cache, which others may use. */
  disconnect(): Promise<void>
  on(event: string, listener: (...args: unknown[]) => void): KeyvStore
}

/** Keyv keeps what is set without a ttl until it is deleted; a cache keeps it for ten years. */
const longest = '3650d'

/**
 * The cache as a store of keyv, for libraries that take one. It has no iterator: the tiers of a cache are not listed. The
 * store reports no errors: while the shared tier is away memory answers, and refusals are thrown by the call.
 */
export function keyvStore(cache: Cache): KeyvStore {
  const space = () => (store.namespace === undefined ? cache : cache.namespace(store.namespace))
  const store: KeyvStore = {
    opts: {},
    namespace: undefined,
    get: (key) => space().get(key),
    async getMany<Value>(keys: readonly string[]) {
      const found = await space().getMany<Value>(keys)
      return keys.map((key) => found.get(key))
    },
    set: (key, value, ttl) => space().set(key, value, { ttl: ttl ?? longest }),
    async setMany(entries) {
      const byTtl = Map.groupBy(entries, ({ ttl }) => ttl)
      for (const [ttl, group] of byTtl) {
        await space().setMany(
          group.map(({ key, value }) => [key, value] as const),
          { ttl: ttl ?? longest },
        )
      }
    },
    has: (key) => space().has(key),
    async hasMany(keys) {
      const found = await space().getMany(keys)
      return keys.map((key) => found.has(key))
    },
    delete: (key) => store.deleteMany([key]),
    async deleteMany(keys) {
      const found = await space().getMany(keys)
      await space().delete(...keys)
      return found.size > 0
    },
    clear: () => space().clear(),
    disconnect: async () => undefined,
    on: () => store,
  }
  return store
}
