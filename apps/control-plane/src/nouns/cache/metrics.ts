import { cacheTotals, callable } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Clock, Logger } from '@core/foundation'
import { Gauge, type Registry } from '@platformatic/prom-client'
import type { Swept } from './sweeping.ts'

interface CacheMetricsDependencies {
  readonly registry: Registry
  readonly database: Pick<Database, 'rpc'>
  readonly logger: Logger
  readonly clock: Pick<Clock, 'monotonic'>
  readonly swept: Swept
}

/** How long one reading serves every scrape. */
const sharedForMs = 5000
const timeoutMs = 2000

/** A member of `core_api.cache_totals` and the gauge it fills. */
const gaugesByMember = {
  projects: ['core_cache_projects', 'Projects that keep entries in the shared tier of the cache.'],
  entries: ['core_cache_entries', 'Entries of the shared tier, as of the last count.'],
  bytes: ['core_cache_bytes', 'Bytes of their encoded values, as of the last count.'],
  expiry_lag_s: [
    'core_cache_expiry_lag_seconds',
    'How long the oldest entry that is gone has been waiting to be deleted.',
  ],
} as const
const members = ['projects', 'entries', 'bytes', 'expiry_lag_s'] as const

/** The shared tier in figures, read at a scrape; NaN while the database does not answer. */
export function registerCacheMetrics({ registry, database, logger, clock, swept }: CacheMetricsDependencies): void {
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
  new Gauge({
    name: 'core_cache_swept',
    help: 'Entries that this control plane has deleted because they were gone, since it started.',
    registers,
    collect() {
      this.set(swept.rows)
    },
  })
  new Gauge({
    name: 'core_cache_evicted',
    help: 'Entries that this control plane has deleted because their project kept too much, since it started.',
    registers,
    collect() {
      this.set(swept.evicted)
    },
  })

  async function read(): Promise<void> {
    try {
      const totals = await callable(database, cacheTotals)({}, { timeoutMs })
      for (const { member, gauge } of gauges) gauge.set(totals[member])
    } catch (error) {
      logger.debug({ component: 'metrics', err: error }, 'the figures of the cache could not be read')
      for (const { gauge } of gauges) gauge.set(Number.NaN)
    }
  }
}
