import { type CallOptions, isCoreError, type Logger } from '@core/foundation'

export interface RowLog<Row> {
  /** Takes a row, unless too many wait. Never waits. */
  add(row: Row): void
  /** Writes what waits. Returns how many rows. */
  flush(signal?: AbortSignal): Promise<number>
  readonly waiting: number
  /** Rows that were not kept. */
  readonly dropped: number
}

export interface RowLogOptions<Row> {
  /** What the rows are, for the log of this process. */
  readonly what: string
  readonly batchRows: number
  readonly mostWaiting: number
  readonly logger: Logger
  readonly write: (batch: readonly Row[], options: CallOptions) => Promise<void>
}

/** Rows that are written in batches: they slow no call down, and are dropped before they would. */
export function createRowLog<Row>({ what, batchRows, mostWaiting, logger, write }: RowLogOptions<Row>): RowLog<Row> {
  let rows: Row[] = []
  let dropped = 0
  let writing: Promise<number> | undefined

  function drop(why: string, error?: unknown): void {
    if (dropped === 0) logger.warn({ component: 'router', err: error }, `${what} are dropped: ${why}`)
    dropped += 1
  }

  /** Writes them, or those that the database takes: one that it refuses for good must not hold up the others. */
  async function writeThese(batch: readonly Row[], options: CallOptions): Promise<number> {
    try {
      await write(batch, options)
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

  async function writeAll(signal: AbortSignal | undefined): Promise<number> {
    let written = 0
    while (rows.length > 0) {
      const batch = rows.slice(0, batchRows)
      written += await writeThese(batch, signal === undefined ? {} : { signal })
      rows = rows.slice(batch.length)
    }
    return written
  }

  return {
    add(row) {
      if (rows.length < mostWaiting) {
        rows.push(row)
        return
      }
      drop('they cannot be written')
    },
    flush(signal) {
      writing ??= writeAll(signal).finally(() => {
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
