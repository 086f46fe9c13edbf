import {
  type CallOptions,
  type Clock,
  CoreError,
  type Deadline,
  isCoreError,
  type Logger,
  raceSignal,
  retry,
  startDeadline,
} from '@core/foundation'
import type { Database, RpcOptions } from './database.ts'
import { type FunctionSignature, type Signatures, signaturesSql, toSignatures } from './function-signature.ts'
import { createInFlight } from './in-flight.ts'
import type { Json, JsonInput } from './json.ts'
import { measureHealth } from './measure-health.ts'
import { toRpcStatement } from './rpc-statement.ts'
import type { SqlDriver } from './sql-driver.ts'
import { offerSession } from './sql-session.ts'

export interface SqlDatabaseDependencies {
  driver: SqlDriver
  timeoutMs: number
  logger: Logger
  clock: Clock
}

/** Lost connections come back within a moment or not at all; lock conflicts resolve in milliseconds. */
const ATTEMPTS = { E_DATABASE_UNAVAILABLE: 4, E_DATABASE_BUSY: 8 } as const
const PAUSE = { baseMs: 50, capMs: 400 } as const

/** Deadlines, retries, argument encoding and orderly closing, the same for every driver that speaks SQL. */
export function createSqlDatabase({ driver, timeoutMs, logger, clock }: SqlDatabaseDependencies): Database {
  const inFlight = createInFlight('the database')
  let signatures: Promise<Signatures> | undefined

  async function call(
    name: string,
    args: Readonly<Record<string, JsonInput>>,
    options: RpcOptions = {},
  ): Promise<Json> {
    return inFlight.track(async () => {
      using deadline = startDeadline(`core_api.${name}`, options, timeoutMs)
      return await again(deadline, options.repeatable ?? true, async () => {
        const signature = await findSignature(name, deadline)
        const { sql, params } = toRpcStatement(signature, args, options.claims)
        const rows = await driver.query(sql, params, deadline).catch((error: unknown) => {
          // The function may have been replaced since its signature was read.
          if (isCoreError(error, 'E_DATABASE_SCHEMA')) signatures = undefined
          throw error
        })
        const answer = rows[0]?.['answer']
        return answer ? (JSON.parse(answer) as Json) : null
      })
    })
  }

  async function findSignature(name: string, deadline: Deadline): Promise<FunctionSignature> {
    signatures ??= readSignatures()
    const known = (await raceSignal(signatures, deadline.signal)).get(name)
    if (known) return known
    signatures = readSignatures()
    const found = (await raceSignal(signatures, deadline.signal)).get(name)
    if (found) return found
    throw new CoreError('E_DATABASE_SCHEMA', `the database has no function core_api.${name}`, {
      fix: 'Run `core migrate up`, so that the database has what this version needs.',
      details: { function: name },
    })
  }

  /** Shared by every call that waits for it, so it has a deadline of its own. */
  function readSignatures(): Promise<Signatures> {
    const read = async () => {
      using deadline = startDeadline('reading the function signatures', {}, timeoutMs)
      const rows = await driver.query(signaturesSql, [], deadline)
      return toSignatures(rows[0]?.['signatures'] ?? '[]')
    }
    const reading = read()
    reading.catch(() => {
      if (signatures === reading) signatures = undefined
    })
    return reading
  }

  async function again<Value>(deadline: Deadline, repeatable: boolean, work: () => Promise<Value>): Promise<Value> {
    let attempts = 0
    let last: unknown
    try {
      return await retry(
        (attempt) => {
          attempts = attempt
          return work()
        },
        {
          attempts: Number.POSITIVE_INFINITY,
          ...PAUSE,
          signal: deadline.signal,
          clock,
          isRetryable: (error) => isWorthAnother(error, attempts, repeatable),
          onRetry: (error, attempt) => {
            last = error
            logger.debug({ error, attempt }, 'database call is sent again')
          },
        },
      )
    } catch (error) {
      // The time ran out in a pause between attempts: why they failed says more than that time passed.
      if (last !== undefined && error === deadline.signal.reason && isCoreError(error, 'E_TIMEOUT')) throw last
      throw error
    }
  }

  const database: Database = {
    driver: driver.kind,
    call,
    rpc: call as Database['rpc'],
    listen: (channel, onHint, options: CallOptions = {}) =>
      inFlight.track(async () => {
        using deadline = startDeadline(`listen ${channel}`, options, timeoutMs)
        return await driver.listen(channel, onHint, deadline)
      }),
    health: (options: CallOptions = {}) =>
      measureHealth(clock, options, async (deadline) => {
        const rows = await inFlight.track(() =>
          driver.query(`select current_setting('server_version') as version`, [], deadline),
        )
        return rows[0]?.['version'] ?? undefined
      }),
    close: () => inFlight.close(() => driver.close()),
    [Symbol.asyncDispose]: () => database.close(),
  }
  offerSession(database, (work, options) => inFlight.track(() => driver.session(work, options)))
  return database
}

function isWorthAnother(error: unknown, attempts: number, repeatable: boolean): boolean {
  if (!isCoreError(error) || !error.retryable) return false
  if (error.code === 'E_DATABASE_BUSY') return attempts < ATTEMPTS[error.code]
  if (error.code !== 'E_DATABASE_UNAVAILABLE') return false
  return attempts < ATTEMPTS[error.code] && (repeatable || error.details['sent'] === false)
}
