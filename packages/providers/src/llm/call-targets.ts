import { type Clock, CoreError, type Deadline, fullJitterMs, type Logger, startDeadline } from '@core/foundation'
import { faultOf, providerError } from './provider-error.ts'
import type { Target } from './target.ts'

export interface TargetCalls {
  readonly targets: readonly Target[]
  readonly deadline: Deadline
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

/** One attempt: its number in the whole call, and a signal that ends it in time for what remains. */
export interface Attempt {
  readonly target: Target
  readonly number: number
  readonly deadline: Deadline
}

const attemptsPerTarget = 2
const longestRetryAfterMs = 20_000
const backoff = { baseMs: 500, capMs: 8_000 }

/**
 * Tries the targets in order, each twice, until one answers. Only what may succeed later is tried again, after full jitter
 * or Retry-After; a fault of the request itself (`invalid_request`, `context_length`, `filtered`) ends the call.
 */
export async function callTargets<Value>(
  { targets, deadline, clock, random, logger }: TargetCalls,
  call: (attempt: Attempt) => Promise<Value>,
): Promise<Value> {
  let number = 0
  for (const [index, target] of targets.entries()) {
    const isLast = index === targets.length - 1
    for (let round = 1; ; round++) {
      number++
      try {
        return await attempt(target, number, isLast ? undefined : deadline.remainingMs() / 2)
      } catch (error) {
        deadline.signal.throwIfAborted()
        const step = error instanceof CoreError ? nextStep(error, round) : 'fail'
        if (step === 'fail' || (step === 'next' && isLast)) throw error
        const { retryAfterMs, reason } = error instanceof CoreError ? error.details : {}
        logger.warn(
          { provider: target.driver.name, model: target.model, reason, attempt: number },
          'a model call failed; trying again',
        )
        if (step === 'next') break
        const pauseMs = fullJitterMs(round, { ...backoff, random })
        await clock.sleep(Math.max(pauseMs, Number(retryAfterMs ?? 0)), { signal: deadline.signal })
      }
    }
  }
  throw providerError('unsupported', 'no configured provider can do this', { provider: 'none', sent: false })

  /** An attempt before others gets half of what is left, so that there is time for them. */
  async function attempt(target: Target, count: number, limitMs: number | undefined): Promise<Value> {
    if (limitMs === undefined) return await call({ target, number: count, deadline })
    const provider = target.driver.name
    using own = startDeadline(`a call of ${provider}`, { signal: deadline.signal }, Math.max(1, limitMs))
    try {
      return await call({ target, number: count, deadline: own })
    } catch (error) {
      if (!own.signal.aborted || deadline.signal.aborted) throw error
      throw providerError('timeout', `${provider} did not answer in ${Math.round(limitMs)} ms`, {
        provider,
        sent: true,
      })
    }
  }
}

function nextStep(error: CoreError, round: number): 'again' | 'next' | 'fail' {
  const reason = faultOf(error)
  // What is not the provider's (a missing price, a bad argument) may be right for another target only where it is named.
  if (reason === undefined) return error.code === 'E_NOT_FOUND' ? 'next' : 'fail'
  if (reason === 'invalid_request' || reason === 'context_length' || reason === 'filtered') return 'fail'
  if (reason === 'auth' || reason === 'unsupported' || reason === 'timeout') return 'next'
  if (Number(error.details['retryAfterMs'] ?? 0) > longestRetryAfterMs) return 'next'
  return round < attemptsPerTarget ? 'again' : 'next'
}
