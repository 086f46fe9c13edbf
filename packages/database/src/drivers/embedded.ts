import { join } from 'node:path'
import { CoreError, type Logger } from '@core/foundation'
import type { EmbeddedConfig } from '../database.ts'
import { quoteIdentifier } from '../rpc-statement.ts'
import type { SqlDriver } from '../sql-driver.ts'
import type { SqlSession } from '../sql-session.ts'
import { toDataDirError } from './data-dir-error.ts'
import { watchDataFolder } from './data-folder.ts'
import { acquireDataLock } from './data-lock.ts'
import { createEmbeddedQueue, type EmbeddedQueue } from './embedded-queue.ts'
import { startEmbeddedUpkeep } from './embedded-upkeep.ts'
import { spareMemory } from './spare-memory.ts'

export interface EmbeddedDriver extends SqlDriver {
  /** The whole database as a tar; memory databases can start from it. */
  dump(options: { signal: AbortSignal }): Promise<Uint8Array>
  /** Ends the thread as a crash would. For tests. */
  crash(): Promise<void>
}

export interface EmbeddedDependencies {
  logger: Logger
  /** The data that a memory database starts from. */
  snapshot?: Uint8Array | undefined
  /** Called with the milliseconds that a statement waited for its turn. */
  onWait?: ((ms: number) => void) | undefined
  /** Milliseconds that a statement may continue after its caller gave up, before its thread is restarted. */
  runawayMs?: number
  /** Milliseconds that closing waits for the statement that runs, before its thread is ended. */
  closeMs?: number | undefined
  /** Milliseconds between two looks at what has to be tidied. */
  upkeepMs?: number | undefined
}

/**
 * Postgres in this process: PGlite in a worker thread, one connection, statements one after the other. On disk every
 * commit is synced before it is answered, and the folder belongs to one process at a time.
 */
export async function createEmbeddedDriver(
  { dataDir }: EmbeddedConfig,
  { logger, snapshot, onWait, runawayMs, closeMs, upkeepMs }: EmbeddedDependencies,
): Promise<EmbeddedDriver> {
  const inMemory = dataDir === 'memory'
  const lock = inMemory ? undefined : await lockDataDir(dataDir)
  let queue: EmbeddedQueue
  let folder: Awaited<ReturnType<typeof watchDataFolder>> | undefined
  const listeners = new Map<string, Set<(payload: string) => void>>()
  if (spareMemory())
    logger.info(
      { availableMb: Math.round(process.availableMemory() / 2 ** 20) },
      'little memory is free: the embedded database runs slower and takes less',
    )
  try {
    queue = await createEmbeddedQueue({
      start: { folder: inMemory ? undefined : join(dataDir, 'data'), snapshot },
      logger,
      runawayMs,
      closeMs,
      onWait,
      onHint: (channel, payload) => {
        for (const listener of listeners.get(channel) ?? []) listener(payload)
      },
      async onRestart(session) {
        for (const channel of listeners.keys()) await session.execute(`listen ${quoteIdentifier(channel)}`)
        for (const set of listeners.values()) for (const listener of set) listener('')
      },
    })
    folder = inMemory ? undefined : await watchDataFolder(join(dataDir, 'data'))
  } catch (error) {
    await lock?.[Symbol.asyncDispose]()
    throw error
  }

  const upkeep = startEmbeddedUpkeep({ queue, logger, lookMs: upkeepMs })
  return {
    kind: 'embedded',
    requireKept: async () => folder?.requireKept(),
    query: queue.query,
    load: queue.load,
    session: (work, { signal }) => queue.alone((session) => work(session), { signal }),
    async listen(channel, onHint, { signal }) {
      const added = listeners.get(channel) ?? new Set()
      listeners.set(channel, added.add(onHint))
      const execute = (verb: string) => (session: SqlSession) => session.execute(`${verb} ${quoteIdentifier(channel)}`)
      await queue.alone(execute('listen'), { signal })
      return {
        async [Symbol.asyncDispose]() {
          if (!added.delete(onHint) || added.size > 0 || listeners.get(channel) !== added) return
          listeners.delete(channel)
          await queue.alone(execute('unlisten'), { signal: AbortSignal.timeout(1_000) }).catch((error: unknown) => {
            if (!(error instanceof CoreError)) throw error // the database may be closed already
          })
        },
      }
    },
    dump: queue.dump,
    crash: queue.crash,
    async close() {
      upkeep[Symbol.dispose]()
      await queue.close()
      await lock?.[Symbol.asyncDispose]()
    },
  }
}

async function lockDataDir(dataDir: string): Promise<AsyncDisposable> {
  try {
    return await acquireDataLock(join(dataDir, 'data.lock'))
  } catch (error) {
    throw toDataDirError(error, dataDir)
  }
}
