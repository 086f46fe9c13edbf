import { callable, healthStats } from '@core/api/functions'
import { type FiguresDependencies, registerFigures } from '../../observe/figures.ts'

const projects = {
  name: 'core_health_projects',
  help: 'Projects by health: good (80 or more), fair (50 or more), poor, or unknown (no process was ever seen).',
}

/** The health of the whole, read at a scrape; NaN where nothing is known, too. */
export function registerHealthMetrics(dependencies: FiguresDependencies): void {
  registerFigures(dependencies, {
    of: 'health',
    gauges: {
      score: { name: 'core_health_score', help: 'The scores of all projects weighted by criticality, 0 to 100.' },
      lowest: { name: 'core_health_lowest_score', help: 'The lowest score of a project.' },
      sampled_at: {
        name: 'core_health_sampled_timestamp_seconds',
        help: 'When the last sample was taken, in Unix time.',
      },
      samples: { name: 'core_health_samples', help: 'Rows of samples that are kept, as the database estimates.' },
      good: { ...projects, label: { health: 'good' } },
      fair: { ...projects, label: { health: 'fair' } },
      poor: { ...projects, label: { health: 'poor' } },
      unknown: { ...projects, label: { health: 'unknown' } },
    },
    async read(options) {
      const { system, lowest, ...counts } = await callable(dependencies.database, healthStats)({}, options)
      const sampledAt = system.sampled_at === null ? 0 : Date.parse(system.sampled_at) / 1000
      return { ...counts, score: system.score ?? Number.NaN, lowest: lowest ?? Number.NaN, sampled_at: sampledAt }
    },
  })
}
