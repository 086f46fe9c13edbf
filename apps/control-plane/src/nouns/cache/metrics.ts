import { cacheTotals, callable } from '@core/api/functions'
import { Gauge } from '@platformatic/prom-client'
import { type FiguresDependencies, registerFigures } from '../../observe/figures.ts'
import type { Swept } from './sweeping.ts'

interface CacheMetricsDependencies extends FiguresDependencies {
  readonly swept: Swept
}

/** The shared tier in figures, read at a scrape, and what this process has deleted of it. */
export function registerCacheMetrics({ swept, ...dependencies }: CacheMetricsDependencies): void {
  registerFigures(dependencies, {
    of: 'the cache',
    gauges: {
      projects: { name: 'core_cache_projects', help: 'Projects that keep entries in the shared tier of the cache.' },
      entries: { name: 'core_cache_entries', help: 'Entries of the shared tier, as of the last count.' },
      bytes: { name: 'core_cache_bytes', help: 'Bytes of their encoded values, as of the last count.' },
      expiry_lag_s: {
        name: 'core_cache_expiry_lag_seconds',
        help: 'How long the oldest entry that is gone has been waiting to be deleted.',
      },
    },
    read: (options) => callable(dependencies.database, cacheTotals)({}, options),
  })
  const registers = [dependencies.registry]
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
}
