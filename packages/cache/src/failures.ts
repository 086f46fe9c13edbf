import type { Clock } from '@core/foundation'
import { LRUCache } from 'lru-cache'

/** Loads that failed a moment ago: until their pause is over, the same failure answers. */
export interface Failures {
  get(key: string): unknown
  note(key: string, error: unknown, pauseMs: number): void
  forget(key: string): void
  forgetAll(): void
}

const maxFailures = 10_000

export function createFailures(clock: Pick<Clock, 'monotonic'>): Failures {
  const failures = new LRUCache<string, { error: unknown; until: number }>({ max: maxFailures })
  return {
    get(key) {
      const failure = failures.get(key)
      if (failure === undefined) return undefined
      if (clock.monotonic() < failure.until) return failure.error
      failures.delete(key)
      return undefined
    },
    note(key, error, pauseMs) {
      if (pauseMs > 0) failures.set(key, { error, until: clock.monotonic() + pauseMs })
    },
    forget: (key) => void failures.delete(key),
    forgetAll: () => failures.clear(),
  }
}
