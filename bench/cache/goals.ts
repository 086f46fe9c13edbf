import type { Goal } from '../row.ts'

/** What the cache promises of its speed. */
export const goals = {
  /** Time of a hit of getOrSet, awaited, as a multiple of lru-cache's bare get. */
  hitAgainstRaw: { atMost: 8 },
  /** How many times as many hits as bentocache. */
  hitAgainstBentocache: { atLeast: 15 },
  /** Time of peek as a multiple of lru-cache's bare get. */
  peekAgainstRaw: { atMost: 5 },
  /** Per cent that two tags add to a hit. */
  tagCost: { atMost: 10 },
  /** getMany of 100 keys from the shared tier, against a call for each. */
  getMany: { atLeast: 5 },
  /** setMany of 200 keys, against a call for each. */
  setMany: { atLeast: 4 },
  /** Milliseconds of a sweep that deletes 1,000 rows. */
  sweep: { atMost: 5 },
  /** Milliseconds after a delete until another process does not answer the old value any more, beyond the poll. */
  staleness: { atMost: 50 },
  /** Per cent of the calls of two siblings that need no load. */
  hitRatio: { atLeast: 80 },
} as const satisfies Record<string, Goal>
