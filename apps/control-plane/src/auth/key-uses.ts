import { callable, keyTouch } from '@core/api/functions'
import type { Database } from '@core/database'
import { type Clock, type Logger, systemClock } from '@core/foundation'
import { type LoopReport, startLoop } from '../process/loop.ts'

export interface KeyUses extends AsyncDisposable {
  /** A key was good for a request. Never fails and never waits. */
  note(keyId: string): void
  /** Writes what is due: of each key once a minute at most. Rejects where the database is away; the notes are kept. */
  flush(signal?: AbortSignal): Promise<void>
}

export interface KeyUsesDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly logger: Logger
  readonly report?: LoopReport | undefined
  readonly clock?: Clock
}

const flushEveryMs = 10_000
/** Of a key that is used all the time: writing the row of each every ten seconds cost more than its requests' other calls. */
const keyEveryMs = 60_000
const keysPerCall = 10_000
const closingMs = 2_000

/**
 * Remembers when each key was last used, one entry per key, and writes it: ten seconds after a use, if it was not written
 * for a minute, and at the end. `lastUsedAt` is about a minute late at most, which a process that is killed forgets.
 */
export function openKeyUses({ database, logger, report, clock = systemClock }: KeyUsesDependencies): KeyUses {
  const touch = callable(database, keyTouch)
  const uses = new Map<string, number>()
  /** By the monotonic clock; of the last minute, in this order. */
  const writtenAt = new Map<string, number>()

  async function write(due: readonly (readonly [id: string, at: number])[], signal?: AbortSignal): Promise<void> {
    for (let from = 0; from < due.length; from += keysPerCall) {
      const written = due.slice(from, from + keysPerCall)
      await touch({ uses: written.map(([id, at]) => ({ id, at: new Date(at).toISOString() })) }, { signal })
      for (const [id, at] of written) {
        writtenAt.delete(id)
        writtenAt.set(id, clock.monotonic())
        // A key used again meanwhile is written later.
        if (uses.get(id) === at) uses.delete(id)
      }
    }
  }

  async function flush(signal?: AbortSignal): Promise<void> {
    for (const [id, at] of writtenAt) {
      if (clock.monotonic() - at < keyEveryMs) break
      writtenAt.delete(id)
    }
    const due = [...uses].filter(([id]) => !writtenAt.has(id))
    await write(due, signal)
  }

  const loop = startLoop({ name: 'key_uses', everyMs: flushEveryMs, work: flush, logger, report, clock })
  return {
    note: (keyId) => uses.set(keyId, clock.now()),
    flush,
    async [Symbol.asyncDispose]() {
      await loop[Symbol.asyncDispose]()
      await write([...uses], AbortSignal.timeout(closingMs)).catch((error: unknown) => {
        logger.warn({ component: 'key_uses', keys: uses.size, err: error }, 'last-used times of keys were not written')
      })
    },
  }
}
