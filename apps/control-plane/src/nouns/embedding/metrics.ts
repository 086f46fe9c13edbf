import { callable, embeddingTotals } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Clock, Logger } from '@core/foundation'
import { Gauge, type Registry } from '@platformatic/prom-client'

interface EmbeddingMetricsDependencies {
  readonly registry: Registry
  readonly database: Pick<Database, 'rpc'>
  readonly logger: Logger
  readonly clock: Pick<Clock, 'monotonic'>
}

/** How long one reading serves every scrape. */
const sharedForMs = 5000
const timeoutMs = 2000

/** A member of `core_api.embedding_totals` and the gauge it fills. */
const gaugesByMember = {
  spaces: ['core_embedding_spaces', 'Spaces of embeddings.'],
  items: ['core_embedding_items', 'Items in them: pieces of documents.'],
  bytes: ['core_embedding_bytes', 'Bytes of the texts of these items.'],
  queued: ['core_embedding_queued', 'Items that wait for a vector, counted up to 100,000.'],
  failed: ['core_embedding_failed', 'Those of them that failed ten times and are not tried again.'],
} as const
const members = ['spaces', 'items', 'bytes', 'queued', 'failed'] as const

/** Spaces in figures, read at a scrape; NaN while the database does not answer. */
export function registerEmbeddingMetrics({ registry, database, logger, clock }: EmbeddingMetricsDependencies): void {
  const registers = [registry]
  let last: { readonly at: number; readonly reading: Promise<void> } | undefined
  const collect = (): Promise<void> => {
    if (last === undefined || clock.monotonic() - last.at > sharedForMs)
      last = { at: clock.monotonic(), reading: read() }
    return last.reading
  }
  const gauges = members.map((member) => {
    const [name, help] = gaugesByMember[member]
    return { member, gauge: new Gauge({ name, help, registers, collect }) }
  })

  async function read(): Promise<void> {
    try {
      const totals = await callable(database, embeddingTotals)({}, { timeoutMs })
      for (const { member, gauge } of gauges) gauge.set(totals[member])
    } catch (error) {
      logger.debug({ component: 'metrics', err: error }, 'the figures of embeddings could not be read')
      for (const { gauge } of gauges) gauge.set(Number.NaN)
    }
  }
}
