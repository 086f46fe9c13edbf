import type { Entry } from './entry.ts'
import type { Scope } from './scope.ts'

/** A load under way. Everybody who misses its key meanwhile gets its result, success and failure alike. */
export interface Flight {
  readonly promise: Promise<Entry<unknown>>
  readonly abort: AbortController
  readonly scope: Scope
  /** The tags its value will have, as far as they are known before it is there. */
  readonly tags: readonly string[]
  /** The key was changed since this began: callers get the value, and no tier keeps it. */
  isSuperseded: boolean
}

/** The loads under way, by key. */
export interface Flights {
  get(key: string): Flight | undefined
  /** Starts one. `work` must not be called for a key that has one. */
  start(key: string, of: Pick<Flight, 'scope' | 'tags'>, work: (flight: Flight) => Promise<Entry<unknown>>): Flight
  supersede(key: string): void
  /** Supersedes all of a namespace, or those with one of the tags. */
  supersedeAll(scope: Scope, tags?: readonly string[]): void
  /** Resolves when none is under way, however they end. */
  idle(): Promise<void>
  abortAll(reason: unknown): void
}

export function createFlights(): Flights {
  const flights = new Map<string, Flight>()
  return {
    get: (key) => flights.get(key),
    start(key, { scope, tags }, work) {
      const { promise, resolve, reject } = Promise.withResolvers<Entry<unknown>>()
      const flight: Flight = { promise, abort: new AbortController(), scope, tags, isSuperseded: false }
      flights.set(key, flight)
      // A failure that everybody stopped waiting for is no fault of the process.
      promise.catch(() => undefined)
      work(flight)
        .finally(() => {
          if (flights.get(key) === flight) flights.delete(key)
        })
        .then(resolve, reject)
      return flight
    },
    supersede(key) {
      const flight = flights.get(key)
      if (flight === undefined) return
      flight.isSuperseded = true
      flights.delete(key) // callers from now on must not get what was loaded before the change
    },
    supersedeAll(scope, tags) {
      for (const [key, flight] of flights) {
        if (flight.scope !== scope || (tags !== undefined && !tags.some((tag) => flight.tags.includes(tag)))) continue
        flight.isSuperseded = true
        flights.delete(key)
      }
    },
    async idle() {
      while (flights.size > 0) await Promise.allSettled([...flights.values()].map(({ promise }) => promise))
    },
    abortAll(reason) {
      for (const { abort } of flights.values()) abort.abort(reason)
    },
  }
}
