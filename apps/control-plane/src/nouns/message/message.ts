import type { CreateNoun } from '../../process/noun.ts'
import { messageDenials } from './denials.ts'
import { messageLoops } from './loops.ts'
import { registerMessageMetrics } from './metrics.ts'
import { messageRoutes } from './routes.ts'

/** Messages between projects. */
export const message: CreateNoun = ({ database, unguarded, logger, clock }) => ({
  routes: messageRoutes,
  loops: messageLoops(database),
  metrics: (registry) => registerMessageMetrics({ registry, database: unguarded, logger, clock }),
  denials: messageDenials,
})
