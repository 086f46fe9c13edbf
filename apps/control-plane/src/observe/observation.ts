import { callable, systemInfo } from '@core/api/functions'
import type { Database } from '@core/database'
import { listMigrationVersions } from '@core/database/migrate'
import { type Clock, systemClock, toTimestamp } from '@core/foundation'
import { type Bottleneck, findBottlenecks, type Measured } from './bottlenecks.ts'
import { recentWindowMs } from './recent-histogram.ts'

/** What is enabled, by name. */
export type Features = Readonly<Record<string, boolean>>

export interface SystemInfo {
  readonly version: string
  readonly node: string
  readonly driver: Database['driver']
  readonly serverVersion: string
  readonly schema: {
    /** The newest of Core's migrations that is applied. */
    readonly version: string | null
    readonly applied: number
    /** Those this version brings along that the database lacks. */
    readonly pending: readonly string[]
  }
  readonly startedAt: string
  readonly uptimeSeconds: number
  readonly features: Features
}

export interface Bottlenecks extends Omit<Measured, 'isDatabaseAway'> {
  readonly windowSeconds: number
  readonly bottlenecks: readonly Bottleneck[]
}

/** What operators ask of the process and its database. */
export interface Observation {
  info(): Promise<SystemInfo>
  bottlenecks(): Bottlenecks
}

export interface ObservationDependencies {
  readonly database: Pick<Database, 'rpc' | 'driver'>
  readonly version: string
  readonly features: () => Features
  readonly measure: () => Measured
  readonly clock?: Clock
}

export function createObservation(dependencies: ObservationDependencies): Observation {
  const { database, version, features, measure, clock = systemClock } = dependencies
  const startedAt = toTimestamp(clock.now())
  const startedTick = clock.monotonic()
  return {
    async info() {
      const [answer, own] = await Promise.all([callable(database, systemInfo)({}), listMigrationVersions()])
      const { server_version, migrations } = answer
      const present = new Set(migrations)
      const applied = own.filter((migration) => present.has(migration))
      return {
        version,
        node: process.version,
        driver: database.driver,
        serverVersion: server_version,
        schema: {
          version: applied.at(-1) ?? null,
          applied: applied.length,
          pending: own.filter((migration) => !present.has(migration)),
        },
        startedAt,
        uptimeSeconds: Math.floor((clock.monotonic() - startedTick) / 1000),
        features: features(),
      }
    },
    bottlenecks() {
      const measured = measure()
      const { isDatabaseAway, ...figures } = measured
      return { windowSeconds: recentWindowMs / 1000, ...figures, bottlenecks: findBottlenecks(measured) }
    },
  }
}
