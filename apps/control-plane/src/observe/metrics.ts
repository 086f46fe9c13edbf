import type { Database } from '@core/database'
import type { Logger } from '@core/foundation'
import { collectDefaultMetrics, Gauge, Registry } from '@platformatic/prom-client'
import { createLedgerMetrics } from '../nouns/ledger/metrics.ts'
import type { LoopReport } from '../process/loop.ts'
import type { AnswerObserver } from './answered.ts'
import { createLoopMetrics } from './loop-metrics.ts'
import { createRequestMetrics } from './request-metrics.ts'

/** What the process knows of itself, asked at each scrape. */
export interface ProcessFigures {
  readonly loopDelayMs: () => number
  readonly realtimeConnections: () => number
  readonly isBreakerOpen: () => boolean
}

export interface MetricsDependencies {
  readonly database: Pick<Database, 'rpc' | 'driver'>
  readonly version: string
  readonly logger: Logger
}

export interface Metrics {
  /** Counts and times answers. */
  readonly requests: AnswerObserver
  readonly loops: LoopReport
  /** Says where to read what other parts of the process know. */
  watch(figures: ProcessFigures): void
  /** The text that Prometheus reads. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>
}

/** Everything that is measured, in a registry of its own. */
export function createMetrics({ database, version, logger }: MetricsDependencies): Metrics {
  const registry = new Registry()
  const registers = [registry]
  new Gauge({
    name: 'core_info',
    help: 'Always 1; version and database driver are its labels.',
    labelNames: ['version', 'driver'],
    registers,
  }).set({ version, driver: database.driver }, 1)
  const requests = createRequestMetrics(registry)
  const loops = createLoopMetrics(registry)
  const ledger = createLedgerMetrics({ registry, database, logger })
  collectDefaultMetrics({ register: registry })

  return {
    requests,
    loops,
    watch({ loopDelayMs, realtimeConnections, isBreakerOpen }) {
      new Gauge({
        name: 'core_event_loop_delay_seconds',
        help: 'How late the event loop runs what is due: the mean of half a second, by which overload is judged.',
        registers,
        collect() {
          this.set(loopDelayMs() / 1000)
        },
      })
      new Gauge({
        name: 'core_realtime_connections',
        help: 'Sockets and event streams that are open.',
        registers,
        collect() {
          this.set(realtimeConnections())
        },
      })
      new Gauge({
        name: 'core_database_breaker_open',
        help: '1 while calls are refused because the database has not been reached lately.',
        registers,
        collect() {
          this.set(isBreakerOpen() ? 1 : 0)
        },
      })
    },
    async render() {
      await ledger.refresh()
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}
