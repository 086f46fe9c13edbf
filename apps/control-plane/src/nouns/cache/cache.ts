import type { CreateNoun } from '../../process/noun.ts'
import { registerCacheMetrics } from './metrics.ts'
import { cacheRoutes } from './routes.ts'
import { sweepLoop } from './sweeping.ts'

/** The shared tier of the siblings' caches. */
export const cache: CreateNoun = ({ database, unguarded, logger, clock }) => {
  const swept = { rows: 0, evicted: 0 }
  return {
    routes: cacheRoutes,
    loops: [sweepLoop(database, swept)],
    metrics: (registry) => registerCacheMetrics({ registry, database: unguarded, logger, clock, swept }),
  }
}
