import type { CreateNoun } from '../../process/noun.ts'
import { taskDenials } from './denials.ts'
import { taskLoops } from './loops.ts'
import { taskRoutes } from './routes.ts'

/** Queues of work. */
export const task: CreateNoun = ({ database }) => ({
  routes: taskRoutes,
  loops: taskLoops(database),
  denials: taskDenials,
})
