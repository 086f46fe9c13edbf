import { callable, insightStats } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Clock, Logger } from '@core/foundation'
import { Gauge, type Registry } from '@platformatic/prom-client'

interface InsightMetricsDependencies {
  readonly registry: Registry
  readonly database: Pick<Database, 'rpc'>
  readonly logger: Logger
  readonly clock: Pick<Clock, 'monotonic'>
}

/** How long one reading serves every scrape. */
const sharedForMs = 5000
const timeoutMs = 2000

const gaugesByMember = {
  insights: ['core_insights', 'Insights that are kept, as the database estimates.'],
  decisions: ['core_insight_decisions', 'Decisions of projects on insights of others, as the database estimates.'],
  best_rank: ['core_insight_best_rank', 'The highest rank of an insight, in basis points of improvement.'],
} as const

/** Read at a scrape; NaN while the database does not answer. */
export function registerInsightMetrics({ registry, database, logger, clock }: InsightMetricsDependencies): void {
  let last: { readonly at: number; readonly reading: Promise<void> } | undefined
  const collect = (): Promise<void> => {
    if (last === undefined || clock.monotonic() - last.at > sharedForMs)
      last = { at: clock.monotonic(), reading: read() }
    return last.reading
  }
  const members = ['insights', 'decisions', 'best_rank'] as const
  const gauges = members.map((member) => {
    const [name, help] = gaugesByMember[member]
    return { member, gauge: new Gauge({ name, help, registers: [registry], collect }) }
  })

  async function read(): Promise<void> {
    try {
      const stats = await callable(database, insightStats)({}, { timeoutMs })
      for (const { member, gauge } of gauges) gauge.set(stats[member])
    } catch (error) {
      logger.debug({ component: 'metrics', err: error }, 'the figures of insights could not be read')
      for (const { gauge } of gauges) gauge.set(Number.NaN)
    }
  }
}
