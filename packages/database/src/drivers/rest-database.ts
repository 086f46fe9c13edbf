import { type CallOptions, type Clock, CoreError, isCoreError, type Logger, startDeadline } from '@core/foundation'
import type { Database, RpcOptions } from '../database.ts'
import { checkArguments } from '../function-signature.ts'
import { coreSignatures } from '../generated/signatures.ts'
import { createInFlight } from '../in-flight.ts'
import type { Json, JsonInput } from '../json.ts'
import { measureHealth } from '../measure-health.ts'
import { repeatCall } from '../repeat-call.ts'

export interface RestDatabaseDependencies {
  readonly driver: 'http' | 'supabase'
  /** Sends one call once; what it throws is a CoreError. Arguments that are undefined are left out. */
  send(name: string, args: Readonly<Record<string, JsonInput>>, signal: AbortSignal): Promise<Json>
  readonly timeoutMs: number
  readonly logger: Logger
  readonly clock: Clock
}

/** Refusals of the key or the function: the database itself has answered. */
const answers: readonly string[] = ['E_FORBIDDEN', 'E_INVALID']

const known = new Map(coreSignatures.map((signature) => [signature.name, signature]))

/**
 * A database behind PostgREST's interface, for callers that have a URL and a key but no connection string. The key
 * decides who acts, so a call cannot carry claims of its own (an owner's, which bind nothing, are left out: journals
 * then name the role of the key); nothing is pushed, so `listen` delivers nothing; and an aborted call may still run
 * on the server, up to the statement timeout of its role.
 */
export function createRestDatabase({ driver, send, timeoutMs, logger, clock }: RestDatabaseDependencies): Database {
  const inFlight = createInFlight('the database')

  async function call(
    name: string,
    args: Readonly<Record<string, JsonInput>>,
    options: RpcOptions = {},
  ): Promise<Json> {
    return inFlight.track(async () => {
      if (options.claims && options.claims.role !== 'owner') {
        throw new CoreError('E_INVALID', `the ${driver} driver cannot set claims: its key decides who acts`, {
          fix: 'Open a database with the key of that project, or use the postgres driver.',
          details: { reason: 'claims_unsupported' },
        })
      }
      const signature = known.get(name)
      if (signature) checkArguments(signature, args)
      using deadline = startDeadline(`core_api.${name}`, options, timeoutMs)
      const repeatable = options.repeatable ?? true
      return await repeatCall(() => send(name, args, deadline.signal), { deadline, repeatable, logger, clock })
    })
  }

  const database: Database = {
    driver,
    call,
    rpc: call as Database['rpc'],
    async listen() {
      return { async [Symbol.asyncDispose]() {} }
    },
    health: (options: CallOptions = {}) =>
      measureHealth(clock, options, async (deadline) => {
        try {
          await inFlight.track(() => send('project_list', {}, deadline.signal))
        } catch (error) {
          if (!isCoreError(error) || !answers.includes(error.code)) throw error
        }
        return undefined
      }),
    load: () => ({ running: inFlight.count(), waiting: 0, capacity: null }),
    close: () => inFlight.close(async () => undefined),
    [Symbol.asyncDispose]: () => database.close(),
  }
  return database
}
