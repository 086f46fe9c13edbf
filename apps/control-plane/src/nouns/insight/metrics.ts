import { callable, insightStats } from '@core/api/functions'
import { type FiguresDependencies, registerFigures } from '../../observe/figures.ts'

/** Insights in figures, read at a scrape. */
export function registerInsightMetrics(dependencies: FiguresDependencies): void {
  registerFigures(dependencies, {
    of: 'insights',
    gauges: {
      insights: { name: 'core_insights', help: 'Insights that are kept, as the database estimates.' },
      decisions: {
        name: 'core_insight_decisions',
        help: 'Decisions of projects on insights of others, as the database estimates.',
      },
      best_rank: {
        name: 'core_insight_best_rank',
        help: 'The highest rank of an insight, in basis points of improvement.',
      },
    },
    read: (options) => callable(dependencies.database, insightStats)({}, options),
  })
}
