import { callable, sessionTotals } from '@core/api/functions'
import { type FiguresDependencies, registerFigures } from '../../observe/figures.ts'

/** The running processes of all projects, read at a scrape. */
export function registerSessionMetrics(dependencies: FiguresDependencies): void {
  registerFigures(dependencies, {
    of: 'sessions',
    gauges: {
      live: { name: 'core_sessions_live', help: 'Processes whose beats come, of all projects.' },
      hung: {
        name: 'core_sessions_hung',
        help: 'Of them those that got nothing done for a minute before their last beat.',
      },
      degraded: { name: 'core_sessions_degraded', help: 'Of them those that report themselves degraded.' },
    },
    read: (options) => callable(dependencies.database, sessionTotals)({}, options),
  })
}
