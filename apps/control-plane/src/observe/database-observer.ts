import type { Database, DatabaseLoad } from '@core/database'
import { isCoreError } from '@core/foundation'
import { createRecentHistogram, type RecentFigures, type RecentHistogram } from './recent-histogram.ts'

/** How the calls of one function of core_api went, as their callers saw it: waiting and repetitions included. */
export interface FunctionFigures extends RecentFigures {
  readonly name: string
  /** Of the calls, those that did not reach their end: refusals by the function are none. */
  readonly failures: number
}

export interface DatabaseObserver {
  readonly database: Database
  functions(): FunctionFigures[]
  load(): DatabaseLoad
}

interface Timed {
  readonly durations: RecentHistogram
  readonly failed: RecentHistogram
}

/** A gateway may forward any name; this many are counted separately, the rest together. */
const namesAtMost = 500
const others = 'others'

/** The same database, with every call timed by the name of its function. */
export function observeDatabase(database: Database): DatabaseObserver {
  const byName = new Map<string, Timed>()

  function timedOf(name: string): Timed {
    const known = byName.get(name)
    if (known !== undefined) return known
    if (byName.size >= namesAtMost && name !== others) return timedOf(others)
    const fresh = { durations: createRecentHistogram(), failed: createRecentHistogram() }
    byName.set(name, fresh)
    return fresh
  }

  async function time<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
    const startedAt = performance.now()
    try {
      const value = await work()
      timedOf(name).durations.record(performance.now() - startedAt)
      return value
    } catch (error) {
      // A call of a function that does not exist adds no name.
      if (!isCoreError(error, 'E_DATABASE_SCHEMA')) {
        const ms = performance.now() - startedAt
        const { durations, failed } = timedOf(name)
        durations.record(ms)
        if (isFailure(error)) failed.record(ms)
      }
      throw error
    }
  }

  return {
    database: {
      ...database,
      rpc: (name, args, options) => time(name, () => database.rpc(name, args, options)),
      call: (name, args, options) => time(name, () => database.call(name, args, options)),
    },
    functions: () =>
      [...byName].flatMap(([name, { durations, failed }]) => {
        const figures = durations.read()
        return figures.count === 0 ? [] : [{ name, ...figures, failures: failed.read().count }]
      }),
    load: () => database.load(),
  }
}

const failures: ReadonlySet<string> = new Set([
  'E_TIMEOUT',
  'E_ABORTED',
  'E_DATABASE_UNAVAILABLE',
  'E_DATABASE_BUSY',
  'E_CLOSED',
  'E_INTERNAL',
])

function isFailure(error: unknown): boolean {
  return !isCoreError(error) || failures.has(error.code)
}
