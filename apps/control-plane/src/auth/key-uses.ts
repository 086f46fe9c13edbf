import { callable, keyTouch } from '@core/api/functions'
import type { Database } from '@core/database'
import { type Clock, type Logger, systemClock } from '@core/foundation'
import { type LoopReport, startLoop } from '../process/loop.ts'

export interface KeyUses extends AsyncDisposable {
  /** A key was good for a request. Never fails and never waits. */
  note(keyId: string): void
  /** Writes what was noted since the last call. Rejects where the database is away; the notes are kept. */
  flush(signal?: AbortSignal): Promise<void>
}

export interface KeyUsesDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly logger: Logger
  readonly report?: LoopReport | undefined
  readonly clock?: Clock
}

const flushEveryMs = 10_000
const keysPerCall = 10_000
const closingMs = 2_000

/**
 * Remembers when each key was last used, one entry per key, and writes it every ten seconds and at the end: `lastUsedAt`
 * is that late at most, and a process that is killed forgets its last ten seconds.
 */
export function openKeyUses({ database, logger, report, clock = systemClock }: KeyUsesDependencies): KeyUses {
  const touch = callable(database, keyTouch)
  const uses = new Map<string, number>()

  async function flush(signal?: AbortSignal): Promise<void> {
    while (uses.size > 0) {
      const written = [...uses].slice(0, keysPerCall)
      const noted = written.map(([id, at]) => ({ id, at: new Date(at).toISOString() }))
      await touch({ uses: noted }, { signal })
      // A key used again meanwhile is written next time.
      for (const [id, at] of written) if (uses.get(id) === at) uses.delete(id)
      if (written.length < keysPerCall) return
    }
  }

  const loop = startLoop({ name: 'key_uses', everyMs: flushEveryMs, work: flush, logger, report, clock })
  return {
    note: (keyId) => uses.set(keyId, clock.now()),
    flush,
    async [Symbol.asyncDispose]() {
      await loop[Symbol.asyncDispose]()
      await flush(AbortSignal.timeout(closingMs)).catch((error: unknown) => {
        logger.warn({ component: 'key_uses', keys: uses.size, err: error }, 'last-used times of keys were not written')
      })
    },
  }
}
