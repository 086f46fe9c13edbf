import {
  type CallOptions,
  type Clock,
  CoreError,
  isCoreError,
  type Logger,
  raceSignal,
  startDeadline,
} from '@core/foundation'
import { createClient } from '@supabase/supabase-js'
import type { Database, RpcOptions, SupabaseConfig } from '../database.ts'
import { toDatabaseError } from '../database-error.ts'
import { checkArguments } from '../function-signature.ts'
import { coreSignatures } from '../generated/signatures.ts'
import { createInFlight } from '../in-flight.ts'
import type { Json, JsonInput } from '../json.ts'
import { measureHealth } from '../measure-health.ts'
import { missingFunction } from '../missing-function.ts'
import { repeatCall } from '../repeat-call.ts'

export interface SupabaseDependencies {
  timeoutMs: number
  logger: Logger
  clock: Clock
}

/** Refusals of the key or the function: the database itself has answered. */
const answers: readonly string[] = ['E_FORBIDDEN', 'E_INVALID']

const known = new Map(coreSignatures.map((signature) => [signature.name, signature]))

/**
 * PostgREST through supabase-js, for callers that have a URL and a key but no connection string. The key's JWT decides
 * who acts, so a call cannot carry claims of its own (an owner's, which bind nothing, are left out: journals then name
 * the role of the key); nothing is pushed, so `listen` delivers nothing; and an aborted call may still run on the
 * server, up to the statement timeout of its role.
 */
export function createSupabaseDatabase(
  config: SupabaseConfig,
  { timeoutMs, logger, clock }: SupabaseDependencies,
): Database {
  const inFlight = createInFlight('the database')
  const client = createClient(config.url, config.key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  }).schema('core_api')

  async function send(name: string, args: Readonly<Record<string, JsonInput>>, signal: AbortSignal): Promise<Json> {
    const sent = { ...args }
    for (const key in sent) if (sent[key] === undefined) delete sent[key]
    const request = client.rpc(name, sent).abortSignal(signal)
    const { data, error, status } = await raceSignal(Promise.resolve(request), signal)
    if (!error) return data ?? null
    signal.throwIfAborted()
    throw toHttpError(name, status, error)
  }

  async function call(
    name: string,
    args: Readonly<Record<string, JsonInput>>,
    options: RpcOptions = {},
  ): Promise<Json> {
    return inFlight.track(async () => {
      if (options.claims && options.claims.role !== 'owner') {
        throw new CoreError('E_INVALID', 'the supabase driver cannot set claims: its key decides who acts', {
          fix: 'Open a database with a JWT of that project as its key, or use the postgres driver.',
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
    driver: 'supabase',
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

/** What supabase-js answers: PostgREST's JSON, or what a gateway or the network said instead, with a status or 0. */
function toHttpError(
  name: string,
  status: number,
  error: { code?: string; message: string; details?: string | null; hint?: string | null },
): CoreError {
  const fault = { code: error.code, message: error.message, detail: error.details, hint: error.hint }
  if (error.code === 'PGRST202') {
    if (!isWrongArgument(name, error)) return missingFunction(name, error)
    return new CoreError('E_INVALID', `core_api.${name}: ${error.message}`, {
      cause: error,
      details: { reason: 'unknown_argument' },
      ...(error.hint ? { fix: error.hint } : {}),
    })
  }
  if (error.code && error.code !== 'SUP') return toDatabaseError(`core_api.${name}`, fault, error)
  return toDatabaseError(`core_api.${name}`, { ...fault, code: byStatus(status) }, error)
}

/** PostgREST looks up a function by its name and arguments together, and its hint names the closest match. */
function isWrongArgument(name: string, { hint }: { hint?: string | null }): boolean {
  return hint?.includes(`core_api.${name}(`) ?? false
}

function byStatus(status: number): string | undefined {
  if (status === 0 || status === 502 || status === 503 || status === 504) return '08006'
  if (status === 401) return 'PT401'
  if (status === 403) return 'PT403'
  if (status === 413) return 'PT413'
  if (status === 429) return 'PT429'
  return undefined
}
