/** What a cache has done since it was made, counted in this process. */
export interface CacheStats {
  /** Answered from memory with a fresh value. */
  hits: number
  /** Answered by the shared tier with a fresh value. */
  sharedHits: number
  /** Answered with a stale value. */
  staleHits: number
  /** Not answered by any tier. */
  misses: number
  loads: number
  loadErrors: number
  /** Calls that waited for a load of another call. */
  joined: number
  /** Loads of which a caller did not wait for the end. */
  timeouts: number
  sets: number
  deletes: number
  invalidations: number
  /** Values of the shared tier that could not be decoded: each counted as a miss. */
  undecodable: number
  /** Calls of the shared tier that failed, ran out of time or were not tried because it is away. */
  sharedErrors: number
  /** Entries in memory. */
  items: number
  /** Encoded bytes of the entries in memory; 0 where they are not counted. */
  bytes: number
}

export type Counters = Omit<CacheStats, 'items' | 'bytes'>

export function createCounters(): Counters {
  return {
    hits: 0,
    sharedHits: 0,
    staleHits: 0,
    misses: 0,
    loads: 0,
    loadErrors: 0,
    joined: 0,
    timeouts: 0,
    sets: 0,
    deletes: 0,
    invalidations: 0,
    undecodable: 0,
    sharedErrors: 0,
  }
}
