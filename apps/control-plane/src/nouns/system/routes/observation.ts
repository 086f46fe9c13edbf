import { getBottlenecks, getSystemInfo } from '@core/api'
import { type BoundRoute, serve } from '../../../http/bound-route.ts'
import { round } from '../../../observe/bottlenecks.ts'
import type { Observation } from '../../../observe/observation.ts'
import type { RecentFigures } from '../../../observe/recent-histogram.ts'

export function observationRoutes(observation: Observation): BoundRoute[] {
  return [
    serve(getSystemInfo, async () => ({ status: 200, body: await observation.info() })),
    serve(getBottlenecks, ({ query: { limit } }) => {
      const { windowSeconds, bottlenecks, routes, functions, load, waits, loopDelays } = observation.bottlenecks()
      const body = {
        windowSeconds,
        bottlenecks,
        routes: mostTime(routes, limit),
        functions: mostTime(functions, limit),
        pool: { ...load, waits: toFigures(waits) },
        loopDelay: toFigures(loopDelays),
      }
      return { status: 200, body }
    }),
  ]
}

function mostTime<Figures extends RecentFigures>(all: readonly Figures[], limit: number): Figures[] {
  const sorted = all.toSorted((left, right) => right.totalMs - left.totalMs)
  return sorted.slice(0, limit).map((figures) => ({ ...figures, ...toFigures(figures) }))
}

function toFigures({ count, totalMs, p50Ms, p95Ms, p99Ms, maxMs }: RecentFigures): RecentFigures {
  return {
    count,
    totalMs: round(totalMs),
    p50Ms: round(p50Ms),
    p95Ms: round(p95Ms),
    p99Ms: round(p99Ms),
    maxMs: round(maxMs),
  }
}
