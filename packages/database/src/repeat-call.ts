import { type Clock, type Deadline, isCoreError, type Logger, retry, withDetails } from '@core/foundation'

export interface RepeatOptions {
  deadline: Deadline
  /** Whether it may be sent again when the connection was lost without an answer. */
  repeatable: boolean
  logger: Logger
  clock: Clock
}

/** Lost connections come back within a moment or not at all; lock conflicts resolve in milliseconds. */
const ATTEMPTS = { E_DATABASE_UNAVAILABLE: 4, E_DATABASE_BUSY: 8 } as const
const PAUSE = { baseMs: 50, capMs: 400 } as const

/**
 * Sends the same call again after lock conflicts and lost connections, with jitter, within the deadline. What it throws says
 * `sent: false` only where no attempt was sent: one whose answer was lost may have run.
 */
export async function repeatCall<Value>(work: () => Promise<Value>, options: RepeatOptions): Promise<Value> {
  const { deadline, repeatable, logger, clock } = options
  let attempts = 0
  let last: unknown
  let mayHaveRun = false
  try {
    return await retry(
      async (attempt) => {
        attempts = attempt
        try {
          return await work()
        } catch (error) {
          if (isCoreError(error, 'E_DATABASE_UNAVAILABLE')) mayHaveRun ||= error.details['sent'] !== false
          throw mayHaveRun && isCoreError(error) && error.details['sent'] === false
            ? withDetails(error, { sent: true })
            : error
        }
      },
      {
        attempts: Math.max(ATTEMPTS.E_DATABASE_UNAVAILABLE, ATTEMPTS.E_DATABASE_BUSY),
        ...PAUSE,
        signal: deadline.signal,
        clock,
        isRetryable: (error) => isWorthAnother(error, attempts, repeatable),
        onRetry: (error, attempt) => {
          last = error
          logger.debug({ error, attempt }, 'a database call is sent again')
        },
      },
    )
  } catch (error) {
    // The deadline passed in a pause between attempts: their failure says more than the timeout does.
    if (last !== undefined && error === deadline.signal.reason && isCoreError(error, 'E_TIMEOUT')) throw last
    throw error
  }
}

function isWorthAnother(error: unknown, attempts: number, repeatable: boolean): boolean {
  if (!isCoreError(error) || !error.retryable) return false
  if (error.code === 'E_DATABASE_BUSY') return attempts < ATTEMPTS[error.code]
  if (error.code !== 'E_DATABASE_UNAVAILABLE') return false
  return attempts < ATTEMPTS[error.code] && (repeatable || error.details['sent'] === false)
}
