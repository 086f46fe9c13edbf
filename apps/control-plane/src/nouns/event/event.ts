import type { CreateNoun } from '../../process/noun.ts'
import { eventLoops } from './loops.ts'
import { eventRoutes } from './routes.ts'

/** The outbox and its streams. */
export const event: CreateNoun = ({ realtime, database }) => ({
  routes: eventRoutes(realtime),
  loops: eventLoops(database, () => realtime.subscriptions.feed.ready()),
})
