import type { Clock, Logger } from '@core/foundation'
import type { Channels } from './channels.ts'
import type { Codec } from './codec.ts'
import type { Entry } from './entry.ts'
import type { EntryClock } from './entry-clock.ts'
import type { Failures } from './failures.ts'
import type { Flights } from './flight.ts'
import type { MemoryTier } from './memory-tier.ts'
import type { Policy } from './policy.ts'
import { type EventOrder, hasVoidTag, type Scope } from './scope.ts'
import type { SharedTier } from './shared-tier.ts'
import type { Counters } from './stats.ts'

/** What the namespaces of one cache have in common. */
export interface Kernel {
  readonly memory: MemoryTier
  readonly shared: SharedTier | undefined
  readonly flights: Flights
  readonly failures: Failures
  readonly order: EventOrder
  readonly counters: Counters
  readonly channels: Channels
  readonly codec: Codec
  readonly clock: Clock
  readonly entryClock: EntryClock
  readonly logger: Logger
  readonly random: () => number
  /** Part of a ttl by which it is shortened at random, so that what was set together does not end together. */
  readonly jitter: number
  /** The longest that memory answers without asking the shared tier, in milliseconds. */
  readonly memoryTtlMs: number
  readonly countsBytes: boolean
  /** Work that no caller waits for; close() does. */
  background(work: Promise<unknown>): void
  /** Removes what is gone from every tier, a bounded number; how many. */
  sweep(): Promise<number>
  readonly leaseTtlMs: number
  /** Names this process to the shared tier, for leases and events. */
  readonly holder: string
}

/** Whether an entry is void: it was invalidated after it was read. */
export function isVoid(scope: Scope, entry: Entry<unknown>): boolean {
  if (entry.order <= scope.voidBefore) return true
  if (entry.checkedAt >= scope.tagsAt || entry.tags.length === 0) return false
  if (hasVoidTag(scope, entry.tags, entry.order)) return true
  entry.checkedAt = scope.tagsAt
  return false
}

export interface KeptValue {
  readonly value: unknown
  readonly freshMs: number
  readonly staleMs: number
  readonly refreshAhead: number
  readonly tags: readonly string[]
  readonly order: number
  readonly version: number | undefined
  readonly size: number
}

/** An entry whose times count from now. */
export function toEntry(kernel: Kernel, kept: KeptValue): Entry<unknown> {
  const now = kernel.clock.monotonic()
  const freshMs = Math.min(kept.freshMs, kernel.memoryTtlMs)
  return {
    value: kept.value,
    freshUntil: now + freshMs,
    refreshAt: now + freshMs * kept.refreshAhead,
    // Without time to be stale, what memory may not answer for is gone, though the shared tier still has it fresh.
    staleUntil: now + (kept.staleMs > kept.freshMs ? kept.staleMs : freshMs),
    order: kept.order,
    version: kept.version,
    tags: kept.tags,
    checkedAt: kept.order,
    size: kept.size,
    promise: undefined,
  }
}

/** Keeps a value in memory, unless it was invalidated since its read began. `freshMs` and `staleMs` count from now. */
export function keep(kernel: Kernel, scope: Scope, key: string, kept: KeptValue): Entry<unknown> {
  const entry = toEntry(kernel, kept)
  if (kept.staleMs > 0 && !isVoid(scope, entry)) kernel.memory.set(scope.prefix + key, entry)
  return entry
}

/** The times of a value that was loaded or set now, in milliseconds: how long it is fresh, and how long it is kept. */
export function lifetimeOf(kernel: Kernel, value: unknown, policy: Policy): { freshMs: number; staleMs: number } {
  const { ttlMs, negativeTtlMs = ttlMs, staleMs } = policy
  const whole = value === undefined || value === null ? negativeTtlMs : ttlMs
  const freshMs = whole * (1 - kernel.random() * kernel.jitter)
  return { freshMs, staleMs: freshMs + staleMs }
}
