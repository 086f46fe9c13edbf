import { callable, claimTotals } from '@core/api/functions'
import { type FiguresDependencies, registerFigures } from '../../observe/figures.ts'

/** The claims of all projects, read at a scrape. */
export function registerClaimMetrics(dependencies: FiguresDependencies): void {
  registerFigures(dependencies, {
    of: 'claims',
    gauges: {
      held: { name: 'core_claims_held', help: 'Claims on resource paths whose time is not over, of all projects.' },
      oldest_s: { name: 'core_claims_oldest_seconds', help: 'How long the oldest of them has been held.' },
    },
    read: (options) => callable(dependencies.database, claimTotals)({}, options),
  })
}
