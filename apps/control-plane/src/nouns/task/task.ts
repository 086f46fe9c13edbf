import type { CreateNoun } from '../../process/noun.ts'
import { taskDenials } from './denials.ts'
import { taskLoops } from './loops.ts'
import { registerTaskMetrics } from './metrics.ts'
import { createTaskRoutes } from './routes.ts'

/** Queues of work. */
export const task: CreateNoun = ({ database, unguarded, logger, clock, longPolls }) => ({
  routes: createTaskRoutes({ longPolls }),
  loops: taskLoops(database),
  metrics: (registry) => registerTaskMetrics({ registry, database: unguarded, logger, clock }),
  denials: taskDenials,
})
