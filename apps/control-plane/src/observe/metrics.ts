import type { Database } from '@core/database'
import { collectDefaultMetrics, Gauge, Registry } from '@platformatic/prom-client'
import type { LoopReport } from '../process/loop.ts'
import type { AnswerObserver } from './answered.ts'
import { createLoopMetrics } from './loop-metrics.ts'
import { createRequestMetrics } from './request-metrics.ts'

/** Figures of the process, read at each scrape. */
export interface ProcessFigures {
  readonly loopDelayMs: () => number
  readonly realtimeConnections: () => number
  /** Long polls. */
  readonly waitingRequests: () => number
  readonly isBreakerOpen: () => boolean
}

export interface MetricsDependencies {
  readonly driver: Database['driver']
  readonly version: string
}

export interface Metrics {
  /** Counts and times answers. */
  readonly requests: AnswerObserver
  readonly loops: LoopReport
  /** Where parts of the process and nouns register what they measure. */
  readonly registry: Registry
  /** Registers the gauges of the process. */
  watch(figures: ProcessFigures): void
  /** The text that Prometheus reads. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>
}

/** Everything that is measured, in a registry of its own. */
export function createMetrics({ driver, version }: MetricsDependencies): Metrics {
  const registry = new Registry()
  const registers = [registry]
  new Gauge({
    name: 'core_info',
    help: 'Always 1; version and database driver are its labels.',
    labelNames: ['version', 'driver'],
    registers,
  }).set({ version, driver }, 1)
  const requests = createRequestMetrics(registry)
  const loops = createLoopMetrics(registry)
  collectDefaultMetrics({ register: registry })

  return {
    registry,
    requests,
    loops,
    watch({ loopDelayMs, realtimeConnections, waitingRequests, isBreakerOpen }) {
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
        name: 'core_waiting_requests',
        help: 'Requests that wait for a message, a task or a reply.',
        registers,
        collect() {
          this.set(waitingRequests())
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
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}
