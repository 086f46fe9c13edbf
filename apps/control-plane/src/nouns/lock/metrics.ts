import { callable, lockTotals } from '@core/api/functions'
import { type FiguresDependencies, registerFigures } from '../../observe/figures.ts'

/** The locks of all projects, read at a scrape. */
export function registerLockMetrics(dependencies: FiguresDependencies): void {
  registerFigures(dependencies, {
    of: 'locks',
    gauges: {
      held: { name: 'core_locks_held', help: 'Locks that are held, of all projects.' },
      oldest_s: { name: 'core_locks_oldest_seconds', help: 'How long the oldest of them has been held.' },
    },
    read: (options) => callable(dependencies.database, lockTotals)({}, options),
  })
}
