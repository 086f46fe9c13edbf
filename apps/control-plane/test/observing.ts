import type { Database } from '@core/database'
import { observeDatabase } from '../src/observe/database-observer.ts'
import type { ErrorSink } from '../src/observe/error-tracker.ts'
import { createObservation, type Observation } from '../src/observe/observation.ts'
import { createRecentHistogram } from '../src/observe/recent-histogram.ts'
import { createRouteTiming, type RouteTiming } from '../src/observe/route-timing.ts'

/** What watches a server, as `compose` wires it. */
export function watchServer(direct: Database): {
  readonly database: Database
  readonly timing: RouteTiming
  readonly observation: Observation
} {
  const { database, functions, load } = observeDatabase(direct)
  const timing = createRouteTiming()
  const none = createRecentHistogram().read()
  const observation = createObservation({
    database,
    version: '0.0.0',
    features: () => ({ metrics: false }),
    measure: () => ({
      routes: timing.routes(),
      functions: functions(),
      load: load(),
      waits: none,
      loopDelays: none,
      isDatabaseAway: false,
    }),
  })
  return { database, timing, observation }
}

/** For tests in which nothing unexpected fails. */
export const deaf: ErrorSink = { record() {} }
