import { callable, routerCallsPut } from '@core/api/functions'
import type { Database } from '@core/database'
import { type Logger, toTimestamp } from '@core/foundation'
import type { CallRecord } from '@core/router'
import { createRowLog, type RowLog } from './row-log.ts'

/** A row per call. */
export function createCallLog(database: Pick<Database, 'rpc'>, logger: Logger): RowLog<CallRecord> {
  const put = callable(database, routerCallsPut)
  return createRowLog({
    what: 'rows of model calls',
    batchRows: 500,
    mostWaiting: 20_000,
    logger,
    write: async (batch, options) => void (await put({ calls: batch.map(toRow) }, options)),
  })
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
