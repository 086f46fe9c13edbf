import { callable, messageTotals } from '@core/api/functions'
import { type FiguresDependencies, registerFigures } from '../../observe/figures.ts'

const dead = {
  name: 'core_messages_dead',
  help: 'Dead letters that are kept: no attempt was left, their time was over, or their receiver rejected them.',
}

/** All inboxes in figures, read at a scrape. */
export function registerMessageMetrics(dependencies: FiguresDependencies): void {
  registerFigures(dependencies, {
    of: 'messages',
    gauges: {
      ready: {
        name: 'core_messages_ready',
        help: 'Messages in all inboxes that may be received, as of the last counts.',
      },
      held: { name: 'core_messages_held', help: 'Messages that a process has received and not yet acknowledged.' },
      pending: {
        name: 'core_messages_pending',
        help: 'Messages that were given back for later, or wait for an earlier ordered one.',
      },
      dead_attempts: { ...dead, label: { reason: 'attempts' } },
      dead_expired: { ...dead, label: { reason: 'expired' } },
      dead_rejected: { ...dead, label: { reason: 'rejected' } },
      oldest_s: { name: 'core_messages_oldest_seconds', help: 'How long the message waits that is ready the longest.' },
    },
    read: (options) => callable(dependencies.database, messageTotals)({}, options),
  })
}
