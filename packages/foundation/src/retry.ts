import { type BackoffOptions, fullJitterMs } from './backoff.ts'
import { type Clock, systemClock } from './clock.ts'
import { isCoreError } from './errors.ts'

export interface RetryOptions extends BackoffOptions {
  /** Attempts in all, the first included. */
  attempts: number
  /** Read after a failure, not before. */
  signal?: AbortSignal | undefined
  isRetryable?: (error: unknown) => boolean
  onRetry?: (error: unknown, attempt: number) => void
  clock?: Clock
}

/**
 * Runs `work` until it succeeds, fails for good, or attempts run out. Pauses between attempts are
 * those of `fullJitterMs`.
 */
export async function retry<Value>(work: (attempt: number) => Promise<Value>, options: RetryOptions): Promise<Value> {
  const { attempts, clock = systemClock } = options
  const isRetryable = options.isRetryable ?? ((error: unknown) => isCoreError(error) && error.retryable)
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      const { signal } = options
      if (attempt >= attempts || signal?.aborted || !isRetryable(error)) throw error
      options.onRetry?.(error, attempt)
      await clock.sleep(fullJitterMs(attempt, options), { signal })
    }
  }
}
