import { callable, routerCallsPut } from '@core/api/functions'
import type { Database } from '@core/database'
import { type CallOptions, isCoreError, type Logger, toTimestamp } from '@core/foundation'
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

  function drop(why: string, error?: unknown): void {
    if (dropped === 0) logger.warn({ component: 'router', err: error }, `rows of model calls are dropped: ${why}`)
    dropped += 1
  }

  /** Writes them, or those that the database takes: one that it refuses for good must not hold up the others. */
  async function writeThese(batch: readonly CallRecord[], options: CallOptions): Promise<number> {
    try {
      await put({ calls: batch.map(toRow) }, options)
      return batch.length
    } catch (error) {
      if (!isCoreError(error) || error.retryable || options.signal?.aborted) throw error
      if (batch.length === 1) {
        drop('the database refuses them', error)
        return 0
      }
      const half = Math.ceil(batch.length / 2)
      return (await writeThese(batch.slice(0, half), options)) + (await writeThese(batch.slice(half), options))
    }
  }

  async function write(signal: AbortSignal | undefined): Promise<number> {
    let written = 0
    while (rows.length > 0) {
      const batch = rows.slice(0, batchRows)
      written += await writeThese(batch, signal === undefined ? {} : { signal })
      rows = rows.slice(batch.length)
    }
    return written
  }

  return {
    add(record) {
      if (rows.length < mostWaiting) {
        rows.push(record)
        return
      }
      drop('they cannot be written')
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
