import type { CreateNoun } from '../../process/noun.ts'
import { messageDenials } from './denials.ts'
import { messageLoops } from './loops.ts'
import { registerMessageMetrics } from './metrics.ts'
import { createMessageRoutes } from './routes.ts'

/** Messages between projects. */
export const message: CreateNoun = ({ database, unguarded, logger, clock, longPolls }) => ({
  routes: createMessageRoutes({ longPolls }),
  loops: messageLoops(database, logger),
  metrics: (registry) => registerMessageMetrics({ registry, database: unguarded, logger, clock }),
  denials: messageDenials,
})
