import type { Config } from '@core/config'
import type { Database } from '@core/database'
import { type CallOptions, silentLogger, systemClock } from '@core/foundation'
import { followPriceBook } from '@core/providers/price'
import { findRouteFaults, type RouteFault } from '@core/router'
import { createRoutingTable } from './routing-table.ts'

export interface InspectedRoutes {
  readonly routes: number
  /** Of the route that is named, `project/name` or the name of a shared one. */
  readonly faults: readonly (RouteFault & { readonly route: string })[]
}

/** Which routes of models have targets that no call can reach, with this configuration. */
export async function inspectRoutes(
  database: Pick<Database, 'rpc'>,
  { llm, price }: Pick<Config, 'llm' | 'price'>,
  { signal }: Pick<CallOptions, 'signal'> = {},
): Promise<InspectedRoutes> {
  const table = createRoutingTable(database, { llm, clock: systemClock, logger: silentLogger })
  const routing = await table.current()
  const faults: InspectedRoutes['faults'][number][] = []
  for (const [project, routes] of Map.groupBy(routing.routes, (route) => route.project)) {
    signal?.throwIfAborted()
    await using prices = await followPriceBook(database, {
      ...(project === null ? {} : { project }),
      everyMs: Number.POSITIVE_INFINITY,
      unknown: price.unknown,
    })
    for (const route of routes) {
      const name = project === null ? route.name : `${project}/${route.name}`
      const found = findRouteFaults(routing, route, { prices, at: new Date(systemClock.now()) })
      faults.push(...found.map((fault) => ({ ...fault, route: name })))
    }
  }
  return { routes: routing.routes.length, faults }
}
