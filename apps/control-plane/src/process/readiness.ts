import type { Database } from '@core/database'
import { type Clock, systemClock } from '@core/foundation'

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
}

export function createReadiness({ database, clock = systemClock }: ReadinessDependencies): Readiness {
  let isStopped = false
  let last: { at: number; answer: Promise<ReadinessCheck> } | undefined

  async function ask(): Promise<ReadinessCheck> {
    const { status, latencyMs } = await database.health({ timeoutMs: 2000 })
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
