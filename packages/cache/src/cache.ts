import type { CallOptions } from '@core/foundation'
import type { Load, LoadContext } from './load-entry.ts'
import type { EntryOptions } from './policy.ts'
import type { CacheStats } from './stats.ts'

export type SetOptions = Pick<EntryOptions, 'ttl' | 'staleFor' | 'refreshAhead' | 'negativeTtl' | 'tags'>

/** Loads several keys at once; keys it leaves out have no value and are not cached. */
export type LoadMany<Value> = (
  keys: readonly string[],
  context: Pick<LoadContext<Value>, 'signal'>,
) => Promise<ReadonlyMap<string, Value>> | ReadonlyMap<string, Value>

/**
 * Values by key: in memory, behind it in a tier that processes share. Values in memory are handed out as they are, not
 * copied: do not change what you got. Keys are texts of any length; beyond 512 bytes the tiers
 * keep them under their hash. Tags and namespaces have 1 to 512 bytes.
 *
 * No call waits longer than its `hardTimeoutMs`. While the shared tier is away, memory serves alone.
 */
export interface Cache extends AsyncDisposable {
  /**
   * The value of a key; loads it where it is missing or stale. Concurrent calls for a key share one load and its
   * result, also its failure, across processes where the shared tier is one.
   * @throws what `load` throws, or CoreError E_TIMEOUT after `hardTimeoutMs`, E_LOAD_FAILED where another process failed.
   */
  getOrSet<Value>(key: string, load: Load<Value>, options?: EntryOptions): Promise<Value>
  /** As `getOrSet` for several keys: one read of the shared tier and one load for all that are missing. */
  getOrSetMany<Value>(
    keys: readonly string[],
    loadMissing: LoadMany<Value>,
    options?: EntryOptions,
  ): Promise<Map<string, Value>>
  /** The fresh value of a key, or undefined. */
  get<Value>(key: string, options?: CallOptions): Promise<Value | undefined>
  /** Fresh values of the keys that have one. */
  getMany<Value>(keys: readonly string[], options?: CallOptions): Promise<Map<string, Value>>
  /** What memory has, stale values included, at once; undefined where it has nothing. Asks no other tier. */
  peek<Value>(key: string): Value | undefined
  /** Whether a fresh value is there. */
  has(key: string, options?: CallOptions): Promise<boolean>
  /** Keeps a value in every tier. Resolves when the shared tier has it, or is away. */
  set(key: string, value: unknown, options?: SetOptions): Promise<void>
  setMany(entries: Iterable<readonly [string, unknown]>, options?: SetOptions): Promise<void>
  /** Removes keys from every tier and process. */
  delete(...keys: readonly string[]): Promise<void>
  /** Makes keys stale: the next call loads, and may still serve what was there. */
  expire(...keys: readonly string[]): Promise<void>
  /** Voids every entry with one of the tags, in time that does not depend on their number. */
  invalidateTags(...tags: readonly string[]): Promise<void>
  /** Voids every entry of this namespace. */
  clear(): Promise<void>
  /** A namespace below this one, with keys and tags of its own; it shares memory, counters and connections. */
  namespace(name: string): Cache
  stats(): CacheStats
  /** Removes what is gone from memory and from the shared tier, a bounded number. How many it removed. */
  sweep(): Promise<number>
  /** Waits for what is under way, at most 5 seconds, then frees everything. Calls after it are refused. */
  close(): Promise<void>
}
