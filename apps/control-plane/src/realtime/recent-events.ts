import type { OutboxEvent } from './outbox-event.ts'

/** The newest events without a gap, so that a client back after a moment is served without the database. */
export interface RecentEvents {
  /** Whether every event after `seq` is here. */
  covers(seq: number): boolean
  /** Events after `seq`, oldest first. Only where `covers(seq)`. */
  after(seq: number): readonly OutboxEvent[]
  add(event: OutboxEvent): void
  /** Forgets all; from now on every event after `seq` will be added. */
  restart(seq: number): void
}

export function createRecentEvents(capacity: number): RecentEvents {
  let events: OutboxEvent[] = []
  let from = Number.POSITIVE_INFINITY

  return {
    covers: (seq) => seq >= from,
    after(seq) {
      let low = 0
      let high = events.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((events[middle]?.seq ?? 0) > seq) high = middle
        else low = middle + 1
      }
      return events.slice(low)
    },
    add(event) {
      events.push(event)
      if (events.length < capacity * 2) return
      // Halved now and then: cheaper than shifting with every event.
      from = events[capacity - 1]?.seq ?? from
      events = events.slice(capacity)
    },
    restart(seq) {
      events = []
      from = seq
    },
  }
}
