import { callable, taskTotals } from '@core/api/functions'
import { type FiguresDependencies, registerFigures } from '../../observe/figures.ts'

/** All queues in figures, read at a scrape. Projects are in no label, because their number has no bound: `task_stats` has theirs. */
export function registerTaskMetrics(dependencies: FiguresDependencies): void {
  registerFigures(dependencies, {
    of: 'tasks',
    gauges: {
      ready: { name: 'core_tasks_ready', help: 'Tasks in all queues that may be claimed, as of the last counts.' },
      waiting: { name: 'core_tasks_waiting', help: 'Tasks that wait for their time or for other tasks.' },
      running: { name: 'core_tasks_running', help: 'Tasks that a worker has.' },
      blocked: { name: 'core_tasks_blocked', help: 'Tasks that need one which is dead or cancelled.' },
      dead: { name: 'core_tasks_dead', help: 'Tasks that had no attempt left, while they are kept.' },
      oldest_s: { name: 'core_tasks_oldest_seconds', help: 'How long the task waits that is ready the longest.' },
    },
    read: (options) => callable(dependencies.database, taskTotals)({}, options),
  })
}
