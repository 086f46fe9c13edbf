import {
  type CallOptions,
  type Clock,
  CoreError,
  type Deadline,
  isCoreError,
  type Logger,
  raceSignal,
  startDeadline,
} from '@core/foundation'
import type { Database, RpcOptions } from './database.ts'
import { type FunctionSignature, type Signatures, signaturesSql, toSignatures } from './function-signature.ts'
import { createInFlight } from './in-flight.ts'
import type { Json, JsonInput } from './json.ts'
import { measureHealth } from './measure-health.ts'
import { missingFunction } from './missing-function.ts'
import { repeatCall } from './repeat-call.ts'
import { toRpcStatement } from './rpc-statement.ts'
import type { SqlDriver } from './sql-driver.ts'
import { offerSession } from './sql-session.ts'

export interface SqlDatabaseDependencies {
  driver: SqlDriver
  timeoutMs: number
  logger: Logger
  clock: Clock
  /** Milliseconds that closing waits for calls in flight. Default 5,000. */
  drainMs?: number | undefined
}

const healthSql = `select current_setting('server_version') as version, current_setting('transaction_read_only') as read_only`

/** Deadlines, retries, argument encoding and orderly closing, the same for every driver that speaks SQL. */
export function createSqlDatabase({ driver, timeoutMs, logger, clock, drainMs }: SqlDatabaseDependencies): Database {
  const inFlight = createInFlight('the database', drainMs)
  let signatures: Promise<Signatures> | undefined
  /** Those that were read last: nearly every call finds its function there and waits for nothing. */
  let read: Signatures | undefined

  async function call(
    name: string,
    args: Readonly<Record<string, JsonInput>>,
    options: RpcOptions = {},
  ): Promise<Json> {
    return inFlight.track(async () => {
      using deadline = startDeadline(`core_api.${name}`, options, timeoutMs)
      const repeatable = options.repeatable ?? true
      return await repeatCall(
        async () => {
          const signature = read?.get(name) ?? (await findSignature(name, deadline))
          const { sql, params } = toRpcStatement(signature, args, options.claims)
          const rows = await driver.query(sql, params, deadline).catch((error: unknown) => {
            // The function may have been replaced since its signature was read.
            if (isCoreError(error, 'E_DATABASE_SCHEMA')) signatures = read = undefined
            throw error
          })
          const answer = rows[0]?.['answer']
          const parsed: Json = answer ? JSON.parse(answer) : null
          return parsed
        },
        { deadline, repeatable, logger, clock },
      )
    })
  }

  async function findSignature(name: string, deadline: Deadline): Promise<FunctionSignature> {
    signatures ??= readSignatures()
    read = await raceSignal(signatures, deadline.signal)
    if (!read.has(name)) {
      signatures = readSignatures()
      read = await raceSignal(signatures, deadline.signal)
    }
    const found = read.get(name)
    if (found) return found
    throw missingFunction(name)
  }

  /** Shared by every call that waits for it, so it has a deadline of its own. */
  async function readSignatures(): Promise<Signatures> {
    using deadline = startDeadline('reading the function signatures', {}, timeoutMs)
    try {
      const rows = await driver.query(signaturesSql, [], deadline)
      return toSignatures(rows[0]?.['signatures'] ?? '[]')
    } catch (error) {
      signatures = undefined
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
        const [row] = await inFlight.track(async () => {
          await driver.requireKept?.()
          return await driver.query(healthSql, [], deadline)
        })
        if (row?.['read_only'] === 'on') {
          throw new CoreError('E_DATABASE_UNAVAILABLE', 'the database is read-only', {
            details: { reason: 'read_only' },
          })
        }
        return row?.['version'] ?? undefined
      }),
    load: () => driver.load(),
    close: () => inFlight.close(() => driver.close()),
    [Symbol.asyncDispose]: () => database.close(),
  }
  offerSession(database, (work, options) => inFlight.track(() => driver.session(work, options)))
  return database
}
