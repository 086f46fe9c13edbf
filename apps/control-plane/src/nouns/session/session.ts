import type { CreateNoun } from '../../process/noun.ts'
import { sessionDenials } from './denials.ts'
import { sessionLoops } from './loops.ts'
import { sessionRoutes } from './routes.ts'

/** Running processes. */
export const session: CreateNoun = ({ database }) => ({
  routes: sessionRoutes,
  loops: sessionLoops(database),
  denials: sessionDenials,
})
