import type { DatabaseLoad } from '@core/database'
import type { FunctionFigures } from './database-observer.ts'
import type { RecentFigures } from './recent-histogram.ts'
import type { RouteFigures } from './route-timing.ts'

/** What was measured lately, of everything that can hold a request up. */
export interface Measured {
  readonly routes: readonly RouteFigures[]
  readonly functions: readonly FunctionFigures[]
  readonly load: DatabaseLoad
  readonly waits: RecentFigures
  readonly loopDelays: RecentFigures
  /** Whether calls are refused because the database has not been reached lately. */
  readonly isDatabaseAway: boolean
}

export interface Bottleneck {
  readonly kind: 'database' | 'event_loop' | 'pool' | 'function' | 'route'
  readonly subject: string
  /** The 95th percentile in milliseconds; null where it is not a matter of time. */
  readonly p95Ms: number | null
  /** From which on it is one. */
  readonly limitMs: number | null
  /** The two divided: how far it is beyond. */
  readonly severity: number
  readonly finding: string
  readonly remedy: string
}

/** Milliseconds that the 95th percentile may take before it is called a bottleneck. */
export const limitsMs = { route: 250, function: 100, pool: 20, event_loop: 50 } as const
/** Of fewer, one slow one would be the 95th percentile. */
const leastCount = 20

/** What holds requests up, the worst first. Empty where nothing is beyond its limit. */
export function findBottlenecks(measured: Measured): Bottleneck[] {
  const { routes, functions, load, waits, loopDelays, isDatabaseAway } = measured
  const found = [
    ...(isDatabaseAway ? [away] : []),
    ofTime('event_loop', 'this process', loopDelays, (ms) => ({
      finding: `What is due runs ${ms} ms late: the processor is busy, with this process or with others.`,
      remedy: 'Give the process a core of its own, or run a second control plane and spread the requests.',
    })),
    ofTime('pool', 'the connections of the database', waits, (ms) => ({
      finding: `A call waits ${ms} ms for its turn; ${load.waiting} wait now, ${load.running} run.`,
      remedy:
        load.capacity === 1
          ? 'The embedded database does one thing at a time: move to a Postgres server (CORE_DATABASE_URL).'
          : `Make the slow functions below faster, or raise CORE_DATABASE_POOL_SIZE above ${load.capacity ?? 'what it is'}.`,
    })),
    ...functions.map((figures) =>
      ofTime('function', `core_api.${figures.name}`, figures, (ms) => ({
        finding: `${figures.count} calls, p95 ${ms} ms, the longest ${round(figures.maxMs)} ms, ${figures.failures} failed.`,
        remedy:
          'Look at what it waits for in pg_stat_activity, and at its statements with auto_explain; on one hot account, send batches.',
      })),
    ),
    ...routes.map((figures) =>
      ofTime('route', `${figures.method} ${figures.route}`, figures, (ms) => ({
        finding: `${figures.count} answers, p95 ${ms} ms, the longest ${round(figures.maxMs)} ms, ${figures.failures} failed.`,
        remedy: 'Compare it with the functions it calls and with what the pool and the event loop add.',
      })),
    ),
  ]
  return found.filter((each) => each !== undefined).toSorted((left, right) => right.severity - left.severity)
}

const away: Bottleneck = {
  kind: 'database',
  subject: 'the database',
  p95Ms: null,
  limitMs: null,
  severity: 1000,
  finding: 'The database has not been reached lately; calls are refused until it answers.',
  remedy: 'See that it runs and that its address is right: core doctor.',
}

function ofTime(
  kind: keyof typeof limitsMs,
  subject: string,
  { count, p95Ms }: RecentFigures,
  describe: (ms: number) => Pick<Bottleneck, 'finding' | 'remedy'>,
): Bottleneck | undefined {
  const limitMs = limitsMs[kind]
  if (count < leastCount || p95Ms < limitMs) return undefined
  return { kind, subject, p95Ms: round(p95Ms), limitMs, severity: round(p95Ms / limitMs), ...describe(round(p95Ms)) }
}

/** To what is worth reading: three significant digits. */
export function round(value: number): number {
  return Number(value.toPrecision(3))
}
