import type { FastifyInstance } from 'fastify'
import { createRecentHistogram, type RecentFigures, type RecentHistogram } from './recent-histogram.ts'

/** How one route answered. Streams are left out: they last as long as their listener stays. */
export interface RouteFigures extends RecentFigures {
  readonly method: string
  /** The pattern, as the contract writes it. */
  readonly route: string
  /** Of the answers, those with 5xx. */
  readonly failures: number
}

export interface RouteTiming {
  /** Times every answer from now on. Call it before routes are registered. */
  install(app: FastifyInstance): void
  routes(): RouteFigures[]
}

interface Timed {
  readonly method: string
  readonly route: string
  readonly durations: RecentHistogram
  readonly failed: RecentHistogram
}

/** Times answers by the pattern of their route, so that memory does not grow with what callers send. */
export function createRouteTiming(): RouteTiming {
  /** By the configuration of the route, of which each has one object, and the method: GET and HEAD share it. */
  const byConfig = new Map<object, Map<string, Timed>>()

  function timedOf(config: object, method: string, url: string): Timed {
    const known = byConfig.get(config)?.get(method)
    if (known !== undefined) return known
    const route = url.replaceAll(/:(\w+)/g, '{$1}')
    const fresh = { method, route, durations: createRecentHistogram(), failed: createRecentHistogram() }
    byConfig.set(config, (byConfig.get(config) ?? new Map<string, Timed>()).set(method, fresh))
    return fresh
  }

  return {
    install(app) {
      app.addHook('onResponse', (request, reply, done) => {
        const { config, url } = request.routeOptions
        if (!request.is404 && url !== undefined && config.streams !== true) {
          const { durations, failed } = timedOf(config, request.method, url)
          const ms = reply.elapsedTime
          durations.record(ms)
          if (reply.statusCode >= 500) failed.record(ms)
        }
        done()
      })
    },
    routes: () =>
      [...byConfig.values()].flatMap((byMethod) =>
        [...byMethod.values()].flatMap(({ method, route, durations, failed }) => {
          const figures = durations.read()
          return figures.count === 0 ? [] : [{ method, route, ...figures, failures: failed.read().count }]
        }),
      ),
  }
}
