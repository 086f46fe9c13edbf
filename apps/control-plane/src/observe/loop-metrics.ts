import { type Clock, systemClock } from '@core/foundation'
import { Counter, Gauge, type Registry } from '@platformatic/prom-client'
import type { LoopReport } from '../process/loop.ts'

/** How the background work goes, by the name of its loop. */
export function createLoopMetrics(registry: Registry, clock: Pick<Clock, 'now'> = systemClock): LoopReport {
  const registers = [registry]
  const runs = new Counter({
    name: 'core_loop_runs_total',
    help: 'Runs of a background loop that ended, well or not.',
    labelNames: ['loop'],
    registers,
  })
  const failures = new Counter({
    name: 'core_loop_failures_total',
    help: 'Runs of a background loop that failed.',
    labelNames: ['loop'],
    registers,
  })
  const lastSuccess = new Gauge({
    name: 'core_loop_last_success_timestamp_seconds',
    help: 'When a background loop last did its work, in Unix time; 0 for not yet.',
    labelNames: ['loop'],
    registers,
  })
  return {
    started(loop) {
      runs.inc({ loop }, 0)
      failures.inc({ loop }, 0)
      lastSuccess.set({ loop }, 0)
    },
    succeeded(loop) {
      runs.inc({ loop })
      lastSuccess.set({ loop }, clock.now() / 1000)
    },
    failed(loop) {
      runs.inc({ loop })
      failures.inc({ loop })
    },
  }
}
