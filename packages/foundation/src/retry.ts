import { type Clock, systemClock } from './clock.ts'
import { isCoreError } from './errors.ts'

export interface RetryOptions {
  /** Attempts in all, the first included. */
  attempts: number
  /** Upper bound of the first pause; each further one doubles. */
  baseMs: number
  capMs: number
  signal?: AbortSignal | undefined
  isRetryable?: (error: unknown) => boolean
  onRetry?: (error: unknown, attempt: number) => void
  clock?: Clock
  random?: () => number
}

/**
 * Runs `work` until it succeeds, fails for good, or attempts run out. Pauses are "full jitter":
 * uniform in [0, min(cap, base * 2^n)], which spreads a herd best (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export async function retry<Value>(work: (attempt: number) => Promise<Value>, options: RetryOptions): Promise<Value> {
  const { attempts, baseMs, capMs, signal, clock = systemClock, random = Math.random } = options
  const isRetryable = options.isRetryable ?? ((error: unknown) => isCoreError(error) && error.retryable)
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      if (attempt >= attempts || signal?.aborted || !isRetryable(error)) throw error
      options.onRetry?.(error, attempt)
      await clock.sleep(random() * Math.min(capMs, baseMs * 2 ** (attempt - 1)), { signal })
    }
  }
}
