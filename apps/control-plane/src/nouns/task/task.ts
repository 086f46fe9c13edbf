import type { CreateNoun } from '../../process/noun.ts'
import { taskDenials } from './denials.ts'
import { taskLoops } from './loops.ts'
import { createTaskRoutes } from './routes.ts'

/** Queues of work. */
export const task: CreateNoun = ({ database, longPolls }) => ({
  routes: createTaskRoutes({ longPolls }),
  loops: taskLoops(database),
  denials: taskDenials,
})
