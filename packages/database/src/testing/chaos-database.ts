import { CoreError, raceSignal, startDeadline } from '@core/foundation'
import type { Database, RpcOptions } from '../database.ts'
import type { Json, JsonInput } from '../json.ts'
import { offerSession, withSession } from '../sql-session.ts'

/**
 * What goes wrong with a call. `throw`: it fails before it is sent. `stall`: it gets no answer until its deadline, and is
 * not sent. `cut`: it is sent, but its answer is lost. `twice`: it is sent again after its answer, and the caller gets
 * the second one, as from a proxy that delivers at least once; a call that is not `repeatable` is sent once.
 */
export type ChaosFault = 'throw' | 'stall' | 'cut' | 'twice'

/** Decides for each call, and as `listen` for each hint, what goes wrong with it. */
export type PickFault = (name: string) => ChaosFault | undefined

export interface ChaosDatabase extends Database {
  /** How often each fault happened. */
  readonly faults: Readonly<Record<ChaosFault, number>>
}

/** Deadline of a call that names none. */
const TIMEOUT_MS = 10_000

/**
 * A database, of any driver, whose calls fail as networks and servers do; the calls that arrive are real ones. Failures
 * are those of the drivers: E_DATABASE_UNAVAILABLE and E_TIMEOUT. A hint is lost (`throw`, `stall`, `cut`) or repeated.
 * Closing it closes the database.
 */
export function createChaosDatabase(database: Database, pick: PickFault): ChaosDatabase {
  const faults = { throw: 0, stall: 0, cut: 0, twice: 0 }

  function next(name: string): ChaosFault | undefined {
    const fault = pick(name)
    if (fault !== undefined) faults[fault] += 1
    return fault
  }

  async function call(name: string, args: Readonly<Record<string, JsonInput>>, options: RpcOptions = {}) {
    const fault = next(name)
    switch (fault) {
      case undefined:
        return await database.call(name, args, options)
      case 'throw':
        throw lost(name, false)
      case 'stall':
        return await stall(name, options)
      case 'cut':
        await database.call(name, args, options)
        throw lost(name, true)
      case 'twice':
        return await callTwice(name, args, options)
      default:
        throw fault satisfies never
    }
  }

  async function callTwice(name: string, args: Readonly<Record<string, JsonInput>>, options: RpcOptions) {
    using deadline = startDeadline(`core_api.${name}`, options, TIMEOUT_MS)
    const answer = await database.call(name, args, { ...options, timeoutMs: Math.max(1, deadline.remainingMs()) })
    if (options.repeatable === false) return answer
    return await database.call(name, args, { ...options, timeoutMs: Math.max(1, deadline.remainingMs()) })
  }

  const chaos: ChaosDatabase = {
    driver: database.driver,
    faults,
    call,
    rpc: call as Database['rpc'],
    listen: (channel, onHint, options) =>
      database.listen(
        channel,
        (payload) => {
          const fault = next('listen')
          if (fault === undefined || fault === 'twice') onHint(payload)
          if (fault === 'twice') onHint(payload)
        },
        options,
      ),
    health: (options) => database.health(options),
    load: () => database.load(),
    close: () => database.close(),
    [Symbol.asyncDispose]: () => database.close(),
  }
  offerSession(chaos, (work, options) => withSession(database, work, options))
  return chaos
}

/** Faults at random: each with its chance from 0 to 1, at most one per call. */
export function randomFaults(chances: Partial<Record<ChaosFault, number>>, random = Math.random): PickFault {
  return () => {
    let rest = random()
    for (const fault of ['throw', 'stall', 'cut', 'twice'] as const) {
      rest -= chances[fault] ?? 0
      if (rest < 0) return fault
    }
    return undefined
  }
}

async function stall(name: string, options: RpcOptions): Promise<Json> {
  using deadline = startDeadline(`core_api.${name}`, options, TIMEOUT_MS)
  return await raceSignal(new Promise<never>(() => {}), deadline.signal)
}

function lost(name: string, sent: boolean): CoreError {
  return new CoreError('E_DATABASE_UNAVAILABLE', `core_api.${name}: the connection was lost, as a test asked`, {
    details: { sent },
  })
}
