import { Counter, Histogram, type Registry } from '@platformatic/prom-client'
import type { AnswerObserver } from './answered.ts'

/** Seconds. From a cached read to the longest a request may take. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Rate, errors and duration by route. Labels come from the routes' patterns alone, never from what a caller sends. */
export function createRequestMetrics(registry: Registry): AnswerObserver {
  const registers = [registry]
  const requests = new Counter({
    name: 'core_http_requests_total',
    help: 'Requests answered, by method, route pattern and status.',
    labelNames: ['method', 'route', 'status'],
    registers,
  })
  const errors = new Counter({
    name: 'core_http_request_errors_total',
    help: 'Requests answered with 5xx, by method and route pattern.',
    labelNames: ['method', 'route'],
    registers,
  })
  const duration = new Histogram({
    name: 'core_http_request_duration_seconds',
    help: 'Time from the request head to the end of the answer, by method and route pattern; streams are left out.',
    labelNames: ['method', 'route'],
    buckets,
    registers,
  })

  return ({ method, route = 'unmatched', status, ms, isStream }) => {
    // Addresses that lead nowhere have one series: callers could make up methods as well.
    const labels = { method: route === 'unmatched' ? 'any' : method, route }
    requests.inc({ ...labels, status: String(status) })
    if (status >= 500) errors.inc(labels)
    if (!isStream) duration.observe(labels, ms / 1000)
  }
}
