import { fullJitterMs } from '@core/foundation'

/** Pauses between attempts: full jitter, doubling, at most `capMs`. What the server asks for is the least. */
export interface Backoff {
  nextMs(askedMs?: number | null): number
  reset(): void
}

const baseMs = 200
const capMs = 15_000

export function createBackoff(random: () => number): Backoff {
  let attempts = 0
  return {
    nextMs: (askedMs) => (askedMs ?? 0) + fullJitterMs(++attempts, { baseMs, capMs, random }),
    reset() {
      attempts = 0
    },
  }
}
