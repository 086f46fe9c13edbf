import type { AnswerObserver } from './answered.ts'
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
  readonly record: AnswerObserver
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
  /** By route, then by method. */
  const byRoute = new Map<string, Map<string, Timed>>()

  function timedOf(route: string, method: string): Timed {
    const known = byRoute.get(route)?.get(method)
    if (known !== undefined) return known
    const fresh = { method, route, durations: createRecentHistogram(), failed: createRecentHistogram() }
    byRoute.set(route, (byRoute.get(route) ?? new Map<string, Timed>()).set(method, fresh))
    return fresh
  }

  return {
    record({ method, route, status, ms, isStream }) {
      if (route === undefined || isStream) return
      const { durations, failed } = timedOf(route, method)
      durations.record(ms)
      if (status >= 500) failed.record(ms)
    },
    routes: () =>
      [...byRoute.values()].flatMap((byMethod) =>
        [...byMethod.values()].flatMap(({ method, route, durations, failed }) => {
          const figures = durations.read()
          return figures.count === 0 ? [] : [{ method, route, ...figures, failures: failed.read().count }]
        }),
      ),
  }
}
