import type { Database } from '@core/database'
import { CoreError, isCoreError, type Logger } from '@core/foundation'
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import { createRefusalLog } from './refusal-log.ts'

export interface DatabaseGuardOptions {
  readonly database: Database
  /** Calls under way at once; one more is refused. */
  readonly maxCalls: number
  readonly logger: Logger
}

export interface DatabaseGuard {
  /** The same database, behind a breaker and a bound on the calls under way. */
  readonly database: Database
  /** Whether no further call would be let through. */
  isFull(): boolean
  /** Whether the breaker refuses calls because the database has not been reached lately. */
  isBreakerOpen(): boolean
}

/** So many calls in a row that did not reach the database open the breaker. */
const failuresInRow = 5
/** How long it stays open before one call may try again. */
const openMs = 1000

/**
 * Fails fast while the database is away: calls that would wait for it only pile up. After a second one call tries; when it
 * succeeds all pass again. A refusal by the database is an answer and closes the breaker like any other.
 */
export function guardDatabase({ database, maxCalls, logger }: DatabaseGuardOptions): DatabaseGuard {
  const breaker = circuitBreaker(handleWhen(isAway), {
    halfOpenAfter: openMs,
    breaker: new ConsecutiveBreaker(failuresInRow),
  })
  breaker.onBreak((reason) => {
    const cause = 'error' in reason ? { err: reason.error } : {}
    logger.error({ component: 'database', ...cause }, 'the database is unreachable; calls are refused until it answers')
  })
  breaker.onReset(() => logger.info({ component: 'database' }, 'the database answers again'))
  const logRefusal = createRefusalLog({ logger })
  let calls = 0
  let openedAt = 0
  breaker.onBreak(() => {
    openedAt = Date.now()
  })

  function isBreakerOpen(): boolean {
    // Half open, a call is trying it out: the others need not wait for how that ends.
    if (breaker.state === CircuitState.HalfOpen) return true
    return breaker.state === CircuitState.Open && Date.now() - openedAt < openMs
  }

  async function run<Value>(work: () => Promise<Value>): Promise<Value> {
    if (isBreakerOpen())
      throw new CoreError('E_DATABASE_UNAVAILABLE', 'the database is away', { details: { reason: 'circuit_open' } })
    if (calls >= maxCalls) {
      throw new CoreError('E_DATABASE_BUSY', `${maxCalls} database calls are in flight already`, {
        details: { reason: 'queue_full' },
      })
    }
    calls++
    try {
      return await breaker.execute(work)
    } catch (error) {
      logRefusal(error)
      throw error
    } finally {
      calls--
    }
  }

  const guarded: Database = {
    driver: database.driver,
    rpc: (name, args, options) => run(() => database.rpc(name, args, options)),
    call: (name, args, options) => run(() => database.call(name, args, options)),
    listen: (channel, onHint, options) => database.listen(channel, onHint, options),
    async health(options) {
      const startedAt = performance.now()
      const away = (error: CoreError) => ({
        status: 'down' as const,
        latencyMs: performance.now() - startedAt,
        code: error.code,
        message: error.message,
      })
      if (isBreakerOpen()) return away(new CoreError('E_DATABASE_UNAVAILABLE', 'the database is away'))
      try {
        return await breaker.execute(async () => {
          const health = await database.health(options)
          if (health.status === 'up') return health
          throw new CoreError('E_DATABASE_UNAVAILABLE', health.message ?? 'the database does not answer')
        })
      } catch (error) {
        if (isCoreError(error)) return away(error)
        throw error
      }
    },
    load: () => database.load(),
    close: () => database.close(),
    [Symbol.asyncDispose]: () => database.close(),
  }
  return { database: guarded, isFull: () => calls >= maxCalls, isBreakerOpen }
}

/** What says that the database is not there, in contrast to a refusal by it. */
function isAway(error: unknown): boolean {
  return isCoreError(error, 'E_DATABASE_UNAVAILABLE') || isCoreError(error, 'E_TIMEOUT')
}
