import { LRUCache } from 'lru-cache'
import type { Entry } from './entry.ts'

/** Entries of this process, least recently used first to go, bounded by number and by encoded bytes. */
export type MemoryTier = LRUCache<string, Entry<unknown>>

export interface MemoryBounds {
  readonly maxItems: number
  /** Encoded bytes; undefined does not count them. */
  readonly maxBytes: number | undefined
}

export function createMemoryTier({ maxItems, maxBytes }: MemoryBounds): MemoryTier {
  return new LRUCache<string, Entry<unknown>>({
    max: maxItems,
    ...(maxBytes === undefined
      ? {}
      : {
          maxSize: maxBytes,
          // A key costs as well: short values under long keys must not grow without bound.
          sizeCalculation: ({ size }, key) => size + key.length * 2 + entryOverhead,
        }),
  })
}

/** About what an entry's own object and its place in the list take, in bytes. */
const entryOverhead = 200

/** Removes entries that may not be served any more, looking at a few from the cold end. How many it removed. */
export function sweepMemory(memory: MemoryTier, now: number, sample: number): number {
  let looked = 0
  let removed = 0
  for (const key of memory.rkeys()) {
    if (looked++ >= sample) break
    const entry = memory.peek(key)
    if (entry !== undefined && now >= entry.staleUntil && memory.delete(key)) removed++
  }
  return removed
}
