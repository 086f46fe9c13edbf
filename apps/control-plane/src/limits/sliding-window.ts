import { type Clock, systemClock } from '@core/foundation'
import type { Decision, Limiter, LimitOptions } from './limiter.ts'

/** A window is counted in this many cells. */
export const cellsPerWindow = 60
/** The cells that a window can touch: one more, because it may begin inside a cell. All of them count, whole. */
const ringSize = cellsPerWindow + 1
/** Where keys are counted together that came when every slot was taken. */
const sharedSlots = 64

export interface SlidingWindowOptions extends LimitOptions {
  /** Keys with a count of their own; further ones share counts until a slot is idle. Default 10,000 (2.5 MB). */
  readonly maxKeys?: number | undefined
  readonly clock?: Clock | undefined
}

/** Milliseconds of a cell, rounded up so that 60 of them never are less than the window. */
export function cellMsOf(windowMs: number): number {
  return Math.ceil(windowMs / cellsPerWindow)
}

/**
 * Counts in memory, exactly on the safe side: in no window of `windowMs` do more than `limit` requests of a key pass,
 * and none is refused while fewer than `limit` passed within the window and one cell before it. Memory is bounded; a key
 * that finds no slot shares the count of others, which can refuse it early and never lets it through late.
 */
export function createSlidingWindow(options: SlidingWindowOptions): Limiter {
  const { name, limit, windowMs, maxKeys = 10_000, clock = systemClock } = options
  const cellMs = cellMsOf(windowMs)
  const slots = new Map<string, number>()
  const keys: string[] = []
  const most = sharedSlots + maxKeys
  let capacity = Math.min(most, sharedSlots + 64)
  let counts = new Uint32Array(capacity * ringSize)
  let totals = new Uint32Array(capacity)
  let lastCells = new Float64Array(capacity)
  let used = sharedSlots
  let hand = sharedSlots

  function grow(): void {
    capacity = Math.min(most, capacity * 2)
    const old = { counts, totals, lastCells }
    counts = new Uint32Array(capacity * ringSize)
    totals = new Uint32Array(capacity)
    lastCells = new Float64Array(capacity)
    counts.set(old.counts)
    totals.set(old.totals)
    lastCells.set(old.lastCells)
  }

  /** Forgets the cells that no window reaches any more. */
  function advance(slot: number, cell: number): void {
    const last = lastCells[slot] ?? 0
    if (cell <= last) return
    lastCells[slot] = cell
    if ((totals[slot] ?? 0) === 0) return
    const base = slot * ringSize
    if (cell - last >= ringSize) {
      counts.fill(0, base, base + ringSize)
      totals[slot] = 0
      return
    }
    for (let passed = last + 1; passed <= cell; passed++) {
      const index = base + (passed % ringSize)
      totals[slot] = (totals[slot] ?? 0) - (counts[index] ?? 0)
      counts[index] = 0
    }
  }

  /** A slot that is free or whose key has not come for a window; undefined when a short search finds none. */
  function freeSlot(cell: number): number | undefined {
    if (used < most) {
      if (used === capacity) grow()
      return used++
    }
    for (let tries = 0; tries < 32; tries++) {
      hand = hand + 1 < most ? hand + 1 : sharedSlots
      advance(hand, cell)
      if (totals[hand] === 0) {
        slots.delete(keys[hand] ?? '')
        return hand
      }
    }
    return undefined
  }

  function slotOf(key: string, cell: number): number {
    const known = slots.get(key)
    if (known !== undefined) return known
    const shared = hashOf(key) % sharedSlots
    advance(shared, cell)
    const slot = freeSlot(cell)
    if (slot === undefined) return shared
    slots.set(key, slot)
    keys[slot] = key
    // The key may have been counted together with others before: it takes all of that with it.
    counts.copyWithin(slot * ringSize, shared * ringSize, (shared + 1) * ringSize)
    totals[slot] = totals[shared] ?? 0
    lastCells[slot] = cell
    return slot
  }

  /** When the oldest count falls out of the window. */
  function resetMs(slot: number, cell: number, nowMs: number): number {
    const base = slot * ringSize
    for (let passed = cell - cellsPerWindow; passed <= cell; passed++) {
      if ((counts[base + (((passed % ringSize) + ringSize) % ringSize)] ?? 0) > 0) {
        return (passed + ringSize) * cellMs - nowMs
      }
    }
    return 0
  }

  return {
    name,
    limit,
    windowMs,
    take(key): Decision {
      const nowMs = Math.floor(clock.monotonic())
      const cell = Math.floor(nowMs / cellMs)
      const slot = slotOf(key, cell)
      advance(slot, cell)
      const total = totals[slot] ?? 0
      const isAllowed = total < limit
      if (isAllowed) {
        const index = slot * ringSize + (cell % ringSize)
        counts[index] = (counts[index] ?? 0) + 1
        totals[slot] = total + 1
      }
      return { isAllowed, remaining: isAllowed ? limit - total - 1 : 0, resetMs: resetMs(slot, cell, nowMs) }
    },
    refusal(key) {
      const slot = slots.get(key) ?? hashOf(key) % sharedSlots
      if ((totals[slot] ?? 0) < limit) return undefined
      const nowMs = Math.floor(clock.monotonic())
      const cell = Math.floor(nowMs / cellMs)
      advance(slot, cell)
      if ((totals[slot] ?? 0) < limit) return undefined
      return { isAllowed: false, remaining: 0, resetMs: resetMs(slot, cell, nowMs) }
    },
  }
}

/** FNV-1a. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
