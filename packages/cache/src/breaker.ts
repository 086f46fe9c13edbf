import type { Clock } from '@core/foundation'

/** Stops asking what does not answer, and lets one call try again after a pause (closed, open, half-open). */
export interface Breaker {
  /** Whether a call may go now. In the half-open state one caller gets true; the others wait for its result. */
  allows(): boolean
  succeeded(): void
  failed(): void
  readonly isOpen: boolean
}

export interface BreakerOptions {
  /** Failures in a row after which it opens. */
  failures: number
  /** Milliseconds until a call may try again; doubles with each failed try, up to `maxPauseMs`. */
  pauseMs: number
  maxPauseMs: number
  clock: Pick<Clock, 'monotonic'>
}

export function createBreaker({ failures, pauseMs, maxPauseMs, clock }: BreakerOptions): Breaker {
  let inRow = 0
  let pause = pauseMs
  let openUntil: number | undefined
  let isTrying = false
  return {
    allows() {
      if (openUntil === undefined) return true
      if (isTrying || clock.monotonic() < openUntil) return false
      isTrying = true
      return true
    },
    succeeded() {
      inRow = 0
      pause = pauseMs
      openUntil = undefined
      isTrying = false
    },
    failed() {
      // Of a call that began before it opened: what it says is known.
      if (openUntil !== undefined && !isTrying) return
      inRow++
      if (openUntil === undefined && inRow < failures) return
      if (openUntil !== undefined) pause = Math.min(maxPauseMs, pause * 2)
      openUntil = clock.monotonic() + pause
      isTrying = false
    },
    get isOpen() {
      return openUntil !== undefined
    },
  }
}
