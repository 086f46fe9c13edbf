import { type Clock, systemClock } from '@core/foundation'

export interface LookupLanesOptions {
  /** Look-ups of one address that may wait for their turn. Default 200. */
  readonly maxWaiting?: number
  /** Milliseconds between a look-up that failed and the next one of its address. Default 10. */
  readonly pauseMs?: number
  /** The longest wait for a turn. Default 5,000. */
  readonly maxWaitMs?: number
  readonly clock?: Clock
}

export interface LookupLanes {
  /** Runs the look-up in its address's turn; undefined where too many wait, or it waited too long. */
  run<Value>(address: string, lookUp: () => Value | Promise<Value>): Promise<Value | undefined>
}

interface Lane {
  waiting: number
  /** Settles when the latest one in line is done. */
  tail: Promise<void>
}

/**
 * Look-ups of credentials from addresses that failed too often: one at a time, with a pause after each failure. Guessing
 * costs the guesser time; a good key of the same address waits for the few before it and is cached from then on.
 */
export function createLookupLanes(options: LookupLanesOptions = {}): LookupLanes {
  const { maxWaiting = 200, pauseMs = 10, maxWaitMs = 5000, clock = systemClock } = options
  const lanes = new Map<string, Lane>()

  return {
    async run(address, lookUp) {
      const lane = lanes.get(address) ?? { waiting: 0, tail: Promise.resolve() }
      if (lane.waiting >= maxWaiting) return undefined
      lanes.set(address, lane)
      lane.waiting++
      const turn = lane.tail
      const { promise: done, resolve: end } = Promise.withResolvers<void>()
      lane.tail = done
      let pauseAfterMs = 0
      const startedAt = clock.monotonic()
      try {
        await turn
        return clock.monotonic() - startedAt > maxWaitMs ? undefined : await lookUp()
      } catch (error) {
        pauseAfterMs = pauseMs
        throw error
      } finally {
        void clock.sleep(pauseAfterMs).then(() => {
          end()
          if (--lane.waiting === 0) lanes.delete(address)
        })
      }
    },
  }
}
