import { callable, eventTrim } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Loop } from '../../process/loop.ts'
import { untilNoneLeft } from '../../process/until-none-left.ts'

const trimEveryMs = 60_000
const trimmedAtOnce = 10_000
/** How soon following is tried again where the database was away; once it works this asks nothing. */
const followEveryMs = 1000

/** Removes old events from the outbox. */
export function eventLoops(database: Pick<Database, 'rpc'>, follow: () => Promise<void>): Loop[] {
  return [
    { name: 'trim the outbox', everyMs: trimEveryMs, work: (signal) => trimOutbox(database, signal) },
    // Also without a subscriber: revocations travel with events where notifications get lost.
    { name: 'follow the outbox', everyMs: followEveryMs, work: follow },
  ]
}

/**
 * Removes events that are older than the outbox's retention (seven days).
 * @returns how many.
 */
export function trimOutbox(database: Pick<Database, 'rpc'>, signal?: AbortSignal): Promise<number> {
  const trim = callable(database, eventTrim)
  return untilNoneLeft(trimmedAtOnce, signal, async () => (await trim({ limit: trimmedAtOnce }, { signal })).trimmed)
}
