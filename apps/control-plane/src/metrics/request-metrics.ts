import { Counter, Histogram, type Registry } from '@platformatic/prom-client'
import type { FastifyInstance, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its answers last as long as the client listens: how long says nothing about the server. */
    readonly streams?: boolean
  }
}

/** Seconds. From a cached read to the longest a request may take. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export interface RequestMetrics {
  /** Counts every answer of the server from now on. Call it before routes are registered. */
  install(app: FastifyInstance): void
}

/** Rate, errors and duration by route. Labels come from the routes' patterns alone, never from what a caller sends. */
export function createRequestMetrics(registry: Registry): RequestMetrics {
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
  const written = new Map<string, string>()

  /** As the contract writes it; one name for all addresses that lead nowhere. */
  function routeOf({ is404, routeOptions: { url } }: FastifyRequest): string {
    if (is404 || url === undefined) return 'unmatched'
    const known = written.get(url) ?? url.replaceAll(/:(\w+)/g, '{$1}')
    written.set(url, known)
    return known
  }

  return {
    install(app) {
      app.addHook('onResponse', (request, reply, done) => {
        const route = routeOf(request)
        const method = route === 'unmatched' ? 'any' : request.method
        const { statusCode } = reply
        requests.inc({ method, route, status: String(statusCode) })
        if (statusCode >= 500) errors.inc({ method, route })
        if (request.routeOptions.config.streams !== true) duration.observe({ method, route }, reply.elapsedTime / 1000)
        done()
      })
    },
  }
}
