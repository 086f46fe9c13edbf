import type { Clock } from '@core/foundation'

/** The work once for all who ask for it at a time, and not again within `leastMs` of its end. */
export function atMostEvery(leastMs: number, clock: Clock, work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let endedAt = Number.NEGATIVE_INFINITY
  const run = async () => {
    try {
      await work()
    } finally {
      running = undefined
      endedAt = clock.monotonic()
    }
  }
  return async () => {
    if (running === undefined && clock.monotonic() - endedAt < leastMs) return
    running ??= run()
    await running
  }
}
