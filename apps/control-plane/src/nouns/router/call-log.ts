import { callable, routerCallsPut } from '@core/api/functions'
import type { Database } from '@core/database'
import { type Logger, toTimestamp } from '@core/foundation'
import type { CallRecord } from '@core/router'

export interface CallLog {
  /** Takes a row, unless too many wait. Never waits. */
  add(record: CallRecord): void
  /** Writes what waits. Returns how many rows. */
  flush(signal?: AbortSignal): Promise<number>
  readonly waiting: number
  /** Rows that were not kept. */
  readonly dropped: number
}

const batchRows = 500
const mostWaiting = 20_000

/** Rows of calls, written in batches: they slow no call down, and are dropped before they would. */
export function createCallLog(database: Pick<Database, 'rpc'>, logger: Logger): CallLog {
  const put = callable(database, routerCallsPut)
  let rows: CallRecord[] = []
  let dropped = 0
  let writing: Promise<number> | undefined

  async function write(signal: AbortSignal | undefined): Promise<number> {
    let written = 0
    while (rows.length > 0) {
      const batch = rows.slice(0, batchRows)
      await put({ calls: batch.map(toRow) }, signal === undefined ? {} : { signal })
      rows = rows.slice(batch.length)
      written += batch.length
    }
    return written
  }

  return {
    add(record) {
      if (rows.length < mostWaiting) {
        rows.push(record)
        return
      }
      if (dropped === 0) logger.warn({ component: 'router' }, 'rows of model calls are dropped: they cannot be written')
      dropped += 1
    },
    flush(signal) {
      writing ??= write(signal).finally(() => {
        writing = undefined
      })
      return writing
    },
    get waiting() {
      return rows.length
    },
    get dropped() {
      return dropped
    },
  }
}

/** Null is left out: a column that is not named is null, and a batch without the word is written as JSON in one pass. */
function toRow({ at, firstOutputMs, totalMs, tags, flags, hold, target, model, user, ...record }: CallRecord) {
  return {
    ...record,
    at: toTimestamp(at.getTime()),
    tags: [...tags],
    flags: [...flags],
    total_ms: totalMs,
    ...(hold !== null && { hold }),
    ...(target !== null && { target }),
    ...(model !== null && { model }),
    ...(user !== null && { user }),
    ...(firstOutputMs !== null && { first_output_ms: firstOutputMs }),
  }
}
