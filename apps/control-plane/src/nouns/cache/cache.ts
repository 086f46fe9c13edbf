import type { CreateNoun } from '../../process/noun.ts'
import { createChangeHints } from './change-hints.ts'
import { registerCacheMetrics } from './metrics.ts'
import { createCacheRoutes } from './routes.ts'
import { sweepLoop } from './sweeping.ts'

/** The shared tier of the siblings' caches. */
export const cache: CreateNoun = ({ database, unguarded, logger, clock }) => {
  const swept = { rows: 0, evicted: 0 }
  return {
    routes: createCacheRoutes(createChangeHints(unguarded)),
    loops: [sweepLoop(database, swept)],
    metrics: (registry) => registerCacheMetrics({ registry, database: unguarded, logger, clock, swept }),
  }
}
