import type { CreateNoun } from '../../process/noun.ts'
import { sessionDenials } from './denials.ts'
import { gatherBeats } from './gather-beats.ts'
import { sessionLoops } from './loops.ts'
import { registerSessionMetrics } from './metrics.ts'
import { sessionRoutes } from './routes.ts'

/** Running processes. */
export const session: CreateNoun = ({ database, unguarded, logger, clock }) => ({
  routes: sessionRoutes,
  loops: sessionLoops(database),
  metrics: (registry) => registerSessionMetrics({ registry, database: unguarded, logger, clock }),
  joinCalls: gatherBeats,
  denials: sessionDenials,
})
