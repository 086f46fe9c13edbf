import type { Database } from '@core/database'
import { type Clock, type Logger, silentLogger, systemClock } from '@core/foundation'

export type ReadinessCheck =
  | { readonly status: 'up'; readonly latencyMs: number }
  | { readonly status: 'down'; readonly reason: string }

/** Whether the server can do its work, and what it acknowledges is kept. Load balancers and anonymous callers ask several times a second. */
export interface Readiness {
  check(): Promise<ReadinessCheck>
  /** From now on the answer is no, so that load balancers send requests elsewhere. */
  stop(): void
}

/** How long one answer is shared, so that frequent probes cost the database nothing. */
const sharedForMs = 500

export interface ReadinessDependencies {
  readonly database: Pick<Database, 'health'>
  readonly clock?: Clock
  /** Receives one line when the answer changes: the reason, which anonymous callers do not get. Default: none. */
  readonly logger?: Logger
}

export function createReadiness({
  database,
  clock = systemClock,
  logger = silentLogger,
}: ReadinessDependencies): Readiness {
  let isStopped = false
  let isUp = true
  let last: { at: number; answer: Promise<ReadinessCheck> } | undefined

  async function ask(): Promise<ReadinessCheck> {
    const { status, latencyMs, code, message } = await database.health({ timeoutMs: 2000 })
    if (status === 'down' && isUp) logger.error({ code }, `not ready: ${message}`)
    if (status === 'up' && !isUp) logger.info({ latencyMs }, 'ready again')
    isUp = status === 'up'
    return status === 'up' ? { status, latencyMs } : { status, reason: 'the database does not answer' }
  }

  return {
    check() {
      if (isStopped) return Promise.resolve({ status: 'down', reason: 'the server is shutting down' })
      if (last === undefined || clock.monotonic() - last.at > sharedForMs)
        last = { at: clock.monotonic(), answer: ask() }
      return last.answer
    },
    stop() {
      isStopped = true
    },
  }
}
