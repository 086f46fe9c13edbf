import type { Database } from '@core/database'
import { type CallOptions, raceSignal, startDeadline } from '@core/foundation'

export interface TrackedCalls {
  readonly database: Database
  /** Work that has to end before the process may be frozen. */
  track<Value>(work: Promise<Value>): Promise<Value>
  /** Resolves when no call is under way. Default limit 30 s. */
  idle(options?: CallOptions): Promise<void>
}

/** The database, and whether a call is under way: a function that is frozen between requests has to wait for them. */
export function trackCalls(database: Database): TrackedCalls {
  const active = new Set<Promise<unknown>>()

  function track<Value>(call: Promise<Value>): Promise<Value> {
    const done: Promise<unknown> = call.then(
      () => active.delete(done),
      () => active.delete(done),
    )
    active.add(done)
    return call
  }

  return {
    track,
    database: {
      ...database,
      rpc: (name, args, options) => track(database.rpc(name, args, options)),
      call: (name, args, options) => track(database.call(name, args, options)),
    },
    async idle(options = {}) {
      using deadline = startDeadline('flush', options, 30_000)
      // Calls that are gathered into a batch are sent in a later turn.
      do {
        await new Promise((resolve) => setTimeout(resolve))
        await raceSignal(Promise.all(active), deadline.signal)
      } while (active.size > 0)
    },
  }
}
