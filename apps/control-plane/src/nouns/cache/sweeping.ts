import { cacheSweep, callable } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Loop } from '../../process/loop.ts'

const everyMs = 15_000
const perCall = 1000
/** Calls of one run at most, so that a backlog does not keep the database busy. */
const maxCalls = 20

/** What the loop of this process has deleted since it started. */
export interface Swept {
  rows: number
  evicted: number
}

/** Deletes what is gone for caches that are not open anywhere. Correctness does not depend on it. */
export function sweepLoop(database: Pick<Database, 'rpc'>, total: Swept): Loop {
  return {
    name: 'cache sweep',
    everyMs,
    async work(signal) {
      let handled = 0
      for (let call = 0; call < maxCalls && !signal.aborted; call++) {
        const { swept, evicted } = await callable(database, cacheSweep)({ limit: perCall }, { signal })
        total.rows += swept
        total.evicted += evicted
        handled += swept + evicted
        if (swept < perCall && evicted < perCall) break
      }
      return handled
    },
  }
}
