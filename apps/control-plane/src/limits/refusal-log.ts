import { type Clock, isCoreError, type Logger, systemClock } from '@core/foundation'

export interface RefusalLogOptions {
  readonly logger: Logger
  readonly clock?: Pick<Clock, 'monotonic'>
}

/** How long a reason must have stayed away before it begins another episode. */
const episodeEndMs = 60_000

/**
 * Logs why the database carried out no call, once per reason and episode. A database may refuse some calls for hours and
 * answer the others, as it does on a full disk: then it is not unreachable, and each refused request only says 503.
 */
export function createRefusalLog({ logger, clock = systemClock }: RefusalLogOptions): (error: unknown) => void {
  const seenAt = new Map<string, number>()
  return (error) => {
    if (!isCoreError(error, 'E_DATABASE_UNAVAILABLE')) return
    const { sqlstate } = error.details
    if (typeof sqlstate !== 'string') return
    const now = clock.monotonic()
    const isKnown = now - (seenAt.get(sqlstate) ?? -Infinity) < episodeEndMs
    seenAt.set(sqlstate, now)
    if (!isKnown) logger.warn({ component: 'database', err: error }, 'the database did not carry out a call')
  }
}
