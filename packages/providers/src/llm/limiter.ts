import { type Clock, raceSignal } from '@core/foundation'
import { BulkheadRejectedError, bulkhead } from 'cockatiel'
import { providerError } from './provider-error.ts'

/** Of one provider and its key, in this process. */
export interface ProviderLimits {
  /** Calls at a time; ten times as many wait. Default 64. */
  readonly inFlight?: number
  readonly requestsPerMinute?: number
  /** Counted by the estimate when a call begins. */
  readonly tokensPerMinute?: number
}

export interface Limiter {
  /**
   * A place for one call, as soon as one is free; dispose it.
   * @throws CoreError E_PROVIDER `rate_limited` where the minute is used up or too many calls wait.
   */
  enter(tokens: number, signal: AbortSignal): Promise<Disposable>
}

const minuteMs = 60_000

export function createLimiter(provider: string, limits: ProviderLimits, clock: Clock): Limiter {
  const { inFlight = 64, requestsPerMinute, tokensPerMinute } = limits
  const places = bulkhead(inFlight, inFlight * 10)
  const requests = createMinute(requestsPerMinute, clock)
  const tokens = createMinute(tokensPerMinute, clock)

  function take(count: number): void {
    const retryAfterMs = Math.max(requests.waitMs(1), tokens.waitMs(count))
    if (retryAfterMs > 0) {
      throw providerError('rate_limited', `the limit for calls of ${provider} is reached`, {
        provider,
        retryAfterMs,
        sent: false,
      })
    }
    requests.take(1)
    tokens.take(count)
  }

  return {
    async enter(count, signal) {
      const entered = Promise.withResolvers<Disposable>()
      const left = Promise.withResolvers<void>()
      places
        .execute(() => {
          signal.throwIfAborted()
          take(count)
          entered.resolve({ [Symbol.dispose]: () => left.resolve() })
          return left.promise
        }, signal)
        .catch((error: unknown) => {
          const isFull = error instanceof BulkheadRejectedError
          const facts = { provider, retryAfterMs: 1_000, sent: false }
          entered.reject(isFull ? providerError('rate_limited', `too many calls of ${provider} wait`, facts) : error)
        })
      try {
        return await raceSignal(entered.promise, signal)
      } catch (error) {
        left.resolve() // a caller who has left takes no place later
        throw error
      }
    },
  }
}

/** What was used in the present minute, which begins with its first use. */
function createMinute(limit: number | undefined, clock: Clock) {
  let startedAt = Number.NEGATIVE_INFINITY
  let used = 0
  const elapsedMs = () => clock.monotonic() - startedAt
  return {
    /** 0 where the count fits. What is larger than the limit may go alone: it would never fit. */
    waitMs(count: number): number {
      if (limit === undefined || elapsedMs() >= minuteMs || used === 0 || used + count <= limit) return 0
      return Math.ceil(minuteMs - elapsedMs())
    },
    take(count: number): void {
      if (elapsedMs() >= minuteMs) {
        startedAt = clock.monotonic()
        used = 0
      }
      used += count
    },
  }
}
