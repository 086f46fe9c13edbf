import { CoreError, type Logger, raceSignal } from '@core/foundation'
import type { DatabaseLoad } from '../database.ts'
import type { SqlSession, TextRow } from '../sql-session.ts'
import { createEmbeddedJobs } from './embedded-jobs.ts'
import type { EmbeddedStart } from './embedded-protocol.ts'
import { type EmbeddedThread, startEmbeddedThread } from './embedded-thread.ts'
import { createRunawayWatch } from './runaway-watch.ts'

export interface EmbeddedQueue {
  query(sql: string, params: readonly (string | null)[], options: { signal: AbortSignal }): Promise<TextRow[]>
  /** Waits until nothing runs, then makes all others wait. A failure inside rolls back an open transaction. */
  alone<Value>(work: (session: SqlSession) => Promise<Value>, options: { signal: AbortSignal }): Promise<Value>
  load(): DatabaseLoad
  dump(options: { signal: AbortSignal }): Promise<Uint8Array>
  /** Ends the thread as a crash would. */
  crash(): Promise<void>
  close(): Promise<void>
}

export interface EmbeddedQueueDependencies {
  start: EmbeddedStart
  logger: Logger
  onHint: (channel: string, payload: string) => void
  onRestart: (session: SqlSession) => Promise<void>
  /** Called with the milliseconds that a statement waited for its turn. */
  onWait?: ((ms: number) => void) | undefined
  runawayMs?: number | undefined
  closeMs?: number | undefined
}

/** How long a statement may continue after its caller gave up, before the thread is restarted: PGlite cannot cancel. */
const RUNAWAY_MS = 5_000
/** How long closing waits for the statement that runs. */
const CLOSE_MS = 2_000

/** Sends statements to the thread in order, and restarts it when it dies or hangs. */
export async function createEmbeddedQueue({
  start,
  logger,
  onHint,
  onRestart,
  onWait = () => {},
  runawayMs = RUNAWAY_MS,
  closeMs = CLOSE_MS,
}: EmbeddedQueueDependencies): Promise<EmbeddedQueue> {
  const jobs = createEmbeddedJobs({ thread: () => thread, onWait })
  const runaways = createRunawayWatch(runawayMs)
  let thread: EmbeddedThread | undefined = await open()
  let reviving = false
  let ended: CoreError | undefined

  function open(): Promise<EmbeddedThread> {
    return startEmbeddedThread({ start, onHint, onDeath })
  }

  function onDeath(error: CoreError): void {
    if (ended) return
    thread = undefined
    logger.warn({ error }, 'the embedded database stopped')
    if (start.folder === undefined) {
      ended = new CoreError('E_DATABASE_UNAVAILABLE', 'the embedded database in memory is lost', { retryable: false })
      jobs.refuseAll(ended)
    } else void revive()
  }

  async function revive(): Promise<void> {
    if (reviving || ended) return
    reviving = true
    try {
      const next = await open()
      await onRestart(toSession(next))
      thread = next
    } catch (error) {
      jobs.refuseAll(error)
    } finally {
      reviving = false
      jobs.pump()
    }
  }

  function enqueue<Value>(
    alone: boolean,
    work: (thread: EmbeddedThread) => Promise<Value>,
    signal: AbortSignal,
  ): Promise<Value> {
    if (ended) return Promise.reject(ended)
    const answer = jobs.enqueue(alone, work, signal)
    if (!thread && !signal.aborted) void revive()
    return answer
  }

  /** PGlite cannot cancel: a statement that runs on after its caller gave up is stopped with its thread. */
  function watch<Value>(answer: Promise<Value>, current: EmbeddedThread, signal: AbortSignal): Promise<Value> {
    return runaways.watch(answer, signal, () => stopRunaway(current))
  }

  function stopRunaway(current: EmbeddedThread): void {
    if (thread !== current || start.folder === undefined) return
    thread = undefined
    logger.warn({ afterMs: runawayMs }, 'a statement outlived its caller: the embedded database is restarted')
    void current.terminate().then(revive)
  }

  return {
    query(sql, params, { signal }) {
      const work = (current: EmbeddedThread) => watch(ask(current, 'kept_query', sql, params), current, signal)
      return raceSignal(enqueue(false, work, signal), signal)
    },

    alone(work, { signal }) {
      const run = async (current: EmbeddedThread) => {
        const session = toSession(current)
        const bounded: SqlSession = {
          query: (sql, params) => raceSignal(watch(session.query(sql, params), current, signal), signal),
          execute: (sql) => raceSignal(watch(session.execute(sql), current, signal), signal),
        }
        try {
          return await work(bounded)
        } catch (error) {
          await session.execute('rollback').catch(() => undefined) // the thread may be gone, and the transaction with it
          throw error
        }
      }
      return enqueue(true, run, signal)
    },

    load: jobs.load,

    async dump({ signal }) {
      const answer = await enqueue(true, (current) => current.send({ kind: 'dump' }), signal)
      if (answer.kind !== 'dumped')
        throw new CoreError('E_INTERNAL', 'the embedded database did not answer with a dump')
      return answer.snapshot
    },

    async crash() {
      const current = thread
      thread = undefined
      await current?.terminate()
      onDeath(new CoreError('E_DATABASE_UNAVAILABLE', 'the thread of the embedded database was ended'))
    },

    async close() {
      ended = new CoreError('E_CLOSED', 'the database was closed')
      jobs.refuseAll(ended)
      const current = thread
      thread = undefined
      if (!current) return
      await raceSignal(current.send({ kind: 'close' }), AbortSignal.timeout(closeMs)).catch(() => undefined)
      await current.terminate()
    },
  }
}

async function ask(
  current: EmbeddedThread,
  kind: 'query' | 'kept_query',
  sql: string,
  params: readonly (string | null)[],
): Promise<TextRow[]> {
  const answer = await current.send({ kind, sql, params })
  return answer.kind === 'rows' ? answer.rows : []
}

function toSession(current: EmbeddedThread): SqlSession {
  return {
    query: (sql, params = []) => ask(current, 'query', sql, params),
    async execute(sql) {
      await current.send({ kind: 'execute', sql })
    },
  }
}
