import { CoreError, type Logger, raceSignal } from '@core/foundation'
import type { DatabaseLoad } from '../database.ts'
import type { SqlSession, TextRow } from '../sql-session.ts'
import type { EmbeddedStart } from './embedded-protocol.ts'
import { type EmbeddedThread, startEmbeddedThread } from './embedded-thread.ts'

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
}

/**
 * Statements sent to the thread in advance: enough that it never waits for the next, few enough to withdraw the others.
 */
const WINDOW = 8
/** How long a statement may continue after its caller gave up, before the thread is restarted: PGlite cannot cancel. */
const RUNAWAY_MS = 5_000
const CLOSE_MS = 2_000

interface Job {
  alone: boolean
  begin: (thread: EmbeddedThread) => void
  refuse: (error: unknown) => void
}

/** Feeds the thread in order, and gives it a new life when it dies or hangs. */
export async function createEmbeddedQueue({
  start,
  logger,
  onHint,
  onRestart,
  onWait = () => {},
  runawayMs = RUNAWAY_MS,
}: EmbeddedQueueDependencies): Promise<EmbeddedQueue> {
  const jobs: Job[] = []
  let active = 0
  let aloneActive = false
  let thread: EmbeddedThread | undefined = await open()
  let reviving = false
  let ended: CoreError | undefined
  /** When the thread last answered: what was handed to it before begins then. */
  let answeredAt = 0
  /** What the thread has not answered yet, oldest first: the first one runs. */
  const handed = new Set<Promise<unknown>>()

  function open(): Promise<EmbeddedThread> {
    return startEmbeddedThread({ start, onHint, onDeath })
  }

  function onDeath(error: CoreError): void {
    if (ended) return
    thread = undefined
    logger.warn({ error }, 'the embedded database stopped')
    if (start.folder === undefined) {
      ended = new CoreError('E_DATABASE_UNAVAILABLE', 'the embedded database in memory is lost', { retryable: false })
      for (const job of jobs.splice(0)) job.refuse(ended)
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
      for (const job of jobs.splice(0)) job.refuse(error)
    } finally {
      reviving = false
      pump()
    }
  }

  /** Runs `work` when its turn comes; a caller that leaves before that leaves nothing behind. */
  function enqueue<Value>(
    alone: boolean,
    work: (thread: EmbeddedThread) => Promise<Value>,
    signal: AbortSignal,
  ): Promise<Value> {
    if (ended) return Promise.reject(ended)
    if (signal.aborted) return Promise.reject(signal.reason)
    const askedAt = performance.now()
    return new Promise((resolve, reject) => {
      const job: Job = {
        alone,
        begin(current) {
          signal.removeEventListener('abort', leave)
          active++
          aloneActive = alone
          const handedAt = performance.now()
          work(current)
            .then(resolve, reject)
            .finally(() => {
              onWait(Math.max(handedAt, answeredAt) - askedAt)
              answeredAt = performance.now()
              active--
              if (alone) aloneActive = false
              pump()
            })
        },
        refuse(error) {
          signal.removeEventListener('abort', leave)
          reject(error)
        },
      }
      const leave = () => {
        jobs.splice(jobs.indexOf(job), 1)
        onWait(performance.now() - askedAt)
        reject(signal.reason)
        pump()
      }
      signal.addEventListener('abort', leave, { once: true })
      jobs.push(job)
      if (thread) pump()
      else void revive()
    })
  }

  function pump(): void {
    for (let job = jobs[0]; job && thread; job = jobs[0]) {
      if (aloneActive || (job.alone ? active > 0 : active >= WINDOW)) return
      jobs.shift()
      job.begin(thread)
    }
  }

  /**
   * Looks after a statement that was handed to the thread. Once its caller has left, it may go on for a while; but
   * only the statement that runs can be a runaway, not one that waits behind it.
   */
  function watch<Value>(answer: Promise<Value>, current: EmbeddedThread, signal: AbortSignal): Promise<Value> {
    handed.add(answer)
    let timer: NodeJS.Timeout | undefined
    const check = () => {
      timer = setTimeout(() => (handed.values().next().value === answer ? stopRunaway(current) : check()), runawayMs)
      timer.unref()
    }
    signal.addEventListener('abort', check, { once: true })
    return answer.finally(() => {
      handed.delete(answer)
      clearTimeout(timer)
      signal.removeEventListener('abort', check)
    })
  }

  function stopRunaway(current: EmbeddedThread): void {
    if (thread !== current || start.folder === undefined) return
    thread = undefined
    logger.warn({ afterMs: runawayMs }, 'a statement outlived its caller: the embedded database is restarted')
    void current.terminate().then(revive)
  }

  function toSession(current: EmbeddedThread): SqlSession {
    return {
      async query(sql, params = []) {
        const answer = await current.send({ kind: 'query', sql, params })
        return answer.kind === 'rows' ? answer.rows : []
      },
      async execute(sql) {
        await current.send({ kind: 'execute', sql })
      },
    }
  }

  return {
    query(sql, params, { signal }) {
      const work = (current: EmbeddedThread) => watch(toSession(current).query(sql, params), current, signal)
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

    // The thread runs one statement at a time, whatever was handed to it in advance.
    load: () => ({ running: Math.min(active, 1), waiting: jobs.length + Math.max(0, active - 1), capacity: 1 }),

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
      for (const job of jobs.splice(0)) job.refuse(ended)
      const current = thread
      thread = undefined
      if (!current) return
      await raceSignal(current.send({ kind: 'close' }), AbortSignal.timeout(CLOSE_MS)).catch(() => undefined)
      await current.terminate()
    },
  }
}
