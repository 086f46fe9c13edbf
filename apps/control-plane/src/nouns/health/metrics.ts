import { callable, healthStats } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Clock, Logger } from '@core/foundation'
import { Gauge, type Registry } from '@platformatic/prom-client'

interface HealthMetricsDependencies {
  readonly registry: Registry
  readonly database: Pick<Database, 'rpc'>
  readonly logger: Logger
  readonly clock: Pick<Clock, 'monotonic'>
}

/** How long one reading serves every scrape. */
const sharedForMs = 5000
const timeoutMs = 2000

/** The health of the whole, read at a scrape; NaN while the database does not answer or nothing is known. */
export function registerHealthMetrics({ registry, database, logger, clock }: HealthMetricsDependencies): void {
  const registers = [registry]
  let last: { readonly at: number; readonly reading: Promise<void> } | undefined
  const collect = (): Promise<void> => {
    if (last === undefined || clock.monotonic() - last.at > sharedForMs)
      last = { at: clock.monotonic(), reading: read() }
    return last.reading
  }
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers, collect })
  const system = gauge('core_health_score', 'The scores of all projects weighted by criticality, 0 to 100.')
  const lowest = gauge('core_health_lowest_score', 'The lowest score of a project.')
  const sampledAt = gauge('core_health_sampled_timestamp_seconds', 'When the last sample was taken, in Unix time.')
  const samples = gauge('core_health_samples', 'Rows of samples that are kept, as the database estimates.')
  const projects = new Gauge({
    name: 'core_health_projects',
    help: 'Projects by health: good (80 or more), fair (50 or more), poor, or unknown (no process was ever seen).',
    labelNames: ['health'],
    registers,
    collect,
  })
  const bands = ['good', 'fair', 'poor', 'unknown'] as const

  async function read(): Promise<void> {
    try {
      const stats = await callable(database, healthStats)({}, { timeoutMs })
      system.set(stats.system.score ?? Number.NaN)
      lowest.set(stats.lowest ?? Number.NaN)
      sampledAt.set(stats.system.sampled_at === null ? 0 : Date.parse(stats.system.sampled_at) / 1000)
      samples.set(stats.samples)
      for (const health of bands) projects.set({ health }, stats[health])
    } catch (error) {
      logger.debug({ component: 'metrics', err: error }, 'the figures of health could not be read')
      for (const each of [system, lowest, sampledAt, samples]) each.set(Number.NaN)
      for (const health of bands) projects.set({ health }, Number.NaN)
    }
  }
}
