import { type Clock, CoreError, type Logger, raceSignal } from '@core/foundation'
import pg from 'pg'
import type { PostgresConfig } from '../database.ts'
import type { SqlDriver } from '../sql-driver.ts'
import type { SqlSession, TextRow } from '../sql-session.ts'
import { requestCancel } from './cancel-request.ts'
import { toConnectionString } from './connection-string.ts'
import { createCheckOut } from './grow-pool.ts'
import { toConnectionError, toStatementError } from './postgres-error.ts'
import { listenOnConnection } from './postgres-listen.ts'
import { probeListen } from './probe-listen.ts'

const CONNECT_TIMEOUT_MS = 5_000
const IDLE_TIMEOUT_MS = 30_000
const DEFAULT_POOL_SIZE = 10
/**
 * A connection that listens is silent for days. Linux asks after two hours whether the other side lives; what is between the two,
 * such as the gateway of a cloud, has forgotten a silent connection after four minutes, and what is sent on it arrives nowhere.
 */
const KEEP_ALIVE_MS = 60_000
/** How long the server may take to answer a cancel before its connection is discarded. */
const CANCEL_GRACE_MS = 2_000

export interface PostgresDependencies {
  logger: Logger
  clock: Clock
  /** Called with the milliseconds that a statement waited for its connection. */
  onWait?: ((ms: number) => void) | undefined
}

/**
 * A pool of connections. Nothing here needs a session to last: no named prepared statements, no session settings,
 * one statement per transaction, so it works through a transaction pooler. (Listening does need a session.)
 */
export function createPostgresDriver(
  config: PostgresConfig,
  { logger, clock, onWait = () => {} }: PostgresDependencies,
): SqlDriver {
  const connection: pg.ClientConfig = {
    connectionString: toConnectionString(config.url),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'core',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: { getTypeParser: () => (text: string) => text },
  }
  const max = config.poolSize ?? DEFAULT_POOL_SIZE
  const pool = new pg.Pool({
    ...connection,
    max,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
  })
  // Without listeners the loss of a connection between two statements would end the process.
  pool.on('error', (error) => logger.debug({ error }, 'an idle database connection was lost'))
  pool.on('connect', (client) => {
    client.on('error', (error) => logger.debug({ error }, 'a database connection was lost'))
  })
  const inUse = new Set<pg.PoolClient>()
  const takeOne = createCheckOut(pool, { max, logger, clock })

  async function checkOut(signal: AbortSignal): Promise<pg.PoolClient> {
    const askedAt = performance.now()
    const connecting = takeOne()
    try {
      const client = await raceSignal(connecting, signal)
      inUse.add(client)
      return client
    } catch (error) {
      connecting.then(
        (late) => late.release(),
        () => undefined,
      )
      throw signal.aborted ? error : toConnectionError(error)
    } finally {
      onWait(performance.now() - askedAt)
    }
  }

  function giveBack(client: pg.PoolClient, reusable: boolean): void {
    if (inUse.delete(client)) client.release(!reusable)
  }

  async function query(sql: string, params: readonly (string | null)[], { signal }: { signal: AbortSignal }) {
    const client = await checkOut(signal)
    const answer = client.query<TextRow>(sql, [...params])
    try {
      const { rows } = await raceSignal(answer, signal)
      giveBack(client, true)
      return rows
    } catch (error) {
      if (error instanceof CoreError) {
        void stop(client, answer)
        throw error
      }
      const coded = toStatementError(error)
      giveBack(client, coded.code !== 'E_DATABASE_UNAVAILABLE')
      throw coded
    }
  }

  /**
   * Cancels the running statement. Only a connection that answers "cancelled" is used again: if the statement ended
   * before the request arrived, the request could cancel the next one.
   */
  async function stop(client: pg.PoolClient, answer: Promise<unknown>): Promise<void> {
    requestCancel(client).catch((error: unknown) => logger.debug({ error }, 'cancelling a statement failed'))
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), CANCEL_GRACE_MS)
    })
    const cancelled = answer.then(
      () => false,
      (error: unknown) => error instanceof pg.DatabaseError && error.code === '57014',
    )
    giveBack(client, await Promise.race([cancelled, limit]))
    clearTimeout(timer)
  }

  function toSession(client: pg.PoolClient, signal: AbortSignal): SqlSession {
    const run = async <Value>(answer: Promise<Value>): Promise<Value> => {
      try {
        return await raceSignal(answer, signal)
      } catch (error) {
        if (error instanceof CoreError) requestCancel(client).catch(() => undefined)
        throw toStatementError(error)
      }
    }
    return {
      query: async (sql, params = []) => (await run(client.query<TextRow>(sql, [...params]))).rows,
      execute: async (sql) => {
        await run(client.query(sql))
      },
    }
  }

  let isProbed = false
  function probeOnce(client: pg.Client, stopped: AbortSignal): void {
    if (isProbed) return
    isProbed = true
    const limit = () => ({ signal: AbortSignal.any([stopped, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]) })
    const notify = (name: string, payload: string) => query('select pg_notify($1, $2)', [name, payload], limit())
    void probeListen({ client, notify, logger, clock, signal: stopped })
  }

  return {
    kind: 'postgres',
    query,
    async session(work, { signal }) {
      const client = await checkOut(signal)
      let reusable = false
      try {
        const value = await work(toSession(client, signal))
        reusable = true
        return value
      } finally {
        // After a failure the connection may still be inside a transaction, or busy.
        giveBack(client, reusable)
      }
    },
    load: () => ({ running: inUse.size, waiting: pool.waitingCount, capacity: pool.options.max }),
    listen: (channel, onHint, { signal }) =>
      listenOnConnection({ connection, channel, onHint, logger, clock, signal, onListening: probeOnce }),
    async close() {
      for (const client of inUse) giveBack(client, false)
      await pool.end()
    },
  }
}
