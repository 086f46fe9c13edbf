import { hostname } from 'node:os'
import type { DatabaseConfig } from '@core/database'
import {
  type Clock,
  CoreError,
  copyStorable,
  fullJitterMs,
  type Logger,
  type Storable,
  toStorableText,
} from '@core/foundation'
import type { ReadyWatch } from './ready-watch.ts'
import type { TaskBeats } from './task-beats.ts'
import { createTaskReporter } from './task-reporter.ts'
import type { ClaimedTask, ClaimInput, TaskOutcome, TaskReport, Tasks } from './tasks.ts'

export interface TaskContext {
  /** Aborts when the task is lost or the worker has to end: the work should stop, its result would be refused. */
  readonly signal: AbortSignal
  /**
   * Shows how far the task is, in JSON of at most 4 KB, and renews its claim. Resolves once it is shown, or could not be: that
   * is logged, and the task continues.
   */
  progress(value: Storable): Promise<void>
}

/** Runs a task. What it resolves with is the result; what it throws fails the attempt. */
export type TaskHandler = (task: ClaimedTask, context: TaskContext) => Promise<Storable | undefined>

export interface WorkerOptions {
  /** Served in turn. */
  queues: readonly string[]
  /** By kind, or one for all kinds. A task of another kind fails its attempt, so that another worker may run it. */
  handlers: Readonly<Record<string, TaskHandler>> | TaskHandler
  /** Tasks at a time, 1 to 1,000. Default 4. */
  concurrency?: number | undefined
  /** Seconds until a task of a dead worker is claimed again, 3 to 86,400. Default 90. */
  leaseSeconds?: number | undefined
  /** The most between two looks at empty queues. Default 1,000. */
  pollMs?: number | undefined
  /** How long `stop` waits for what is running. Then the rest is released. Default 30,000. */
  drainMs?: number | undefined
  /** For people. Default: host name and pid. */
  name?: string | undefined
  /** Where a thread reaches the database: its beats survive handlers that block the event loop. Default: beats of the main thread. */
  heartbeat?: DatabaseConfig | undefined
  /** On the first of these the worker stops, on a second the process exits. Default SIGTERM and SIGINT. */
  signals?: readonly NodeJS.Signals[] | undefined
}

export interface TaskWorker extends AsyncDisposable {
  /** How many tasks it runs at this moment. */
  readonly running: number
  /** Claims no more, waits for what is running, releases the rest. The same for every call. */
  stop(): Promise<void>
  /** Resolves once it has stopped. */
  readonly stopped: Promise<void>
}

/** What a worker needs of its queues. Without `next` it claims and reports in two calls. */
export type WorkedTasks = Pick<Tasks, 'claim' | 'beat' | 'settle'> & Partial<Pick<Tasks, 'next'>>

export interface WorkerDependencies {
  readonly tasks: WorkedTasks
  /** Where it waits at empty queues together with the other loops of the process. Without one it waits alone. */
  readonly watch?: ReadyWatch | undefined
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
  readonly openBeats: (options: {
    leaseSeconds: number
    heartbeat: DatabaseConfig | undefined
    onLost(id: string): void
  }) => Promise<TaskBeats>
}

interface Running {
  readonly task: ClaimedTask
  readonly abort: AbortController
}

/** Starts to claim and run tasks. @throws CoreError E_INVALID for options out of range. */
export async function runWorker(
  { tasks, watch, clock, logger, random, openBeats }: WorkerDependencies,
  options: WorkerOptions,
): Promise<TaskWorker> {
  const { queues, handlers, concurrency = 4, leaseSeconds = 90, pollMs = 1_000, drainMs = 30_000 } = options
  const { name = `${hostname()}:${process.pid}`, signals = ['SIGTERM', 'SIGINT'] } = options
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 1_000) {
    throw new CoreError('E_INVALID', `concurrency must be 1 to 1000, got ${concurrency}`, {
      details: { field: 'concurrency' },
    })
  }
  const stopping = new AbortController()
  const running = new Map<string, Running>()
  const lost = (id: string) => {
    running
      .get(id)
      ?.abort.abort(
        new CoreError('E_CONFLICT', `the claim of task ${id} is over`, { details: { reason: 'task_stale' } }),
      )
    free(id)
  }
  const beats = await openBeats({ leaseSeconds, heartbeat: options.heartbeat, onLost: lost })
  const reporter = createTaskReporter({
    settle: tasks.settle,
    settleMany: reportAndClaim,
    clock,
    random,
    logger,
    giveUpMs: leaseSeconds * 1000,
  })
  const watching = watch?.enter({ queues })
  let wake = Promise.withResolvers<void>()
  let turn = 0
  /** Places that a call under way may fill. */
  let reserved = 0
  /** The last call has found fewer tasks than it could have claimed. */
  let isDry = false

  function wakeUp(): void {
    wake.resolve()
    wake = Promise.withResolvers()
  }

  function free(id: string): void {
    if (running.delete(id)) wakeUp()
  }

  /** The queues in turn, and for as many tasks. */
  function toClaim(limit: number): ClaimInput {
    const from = turn++ % queues.length
    return { queues: [...queues.slice(from), ...queues.slice(0, from)], worker: name, limit, leaseSeconds }
  }

  function start(claimed: readonly ClaimedTask[]): void {
    for (const task of claimed) {
      const entry = { task, abort: new AbortController() }
      running.set(task.id, entry)
      beats.hold(task)
      void run(entry)
    }
  }

  /** Fills the places that the reports make free, and others that are free, in the call that reports. */
  async function reportAndClaim(reports: readonly TaskReport[]): Promise<TaskOutcome[]> {
    const ending = reports.filter(({ task, fence }) => running.get(task)?.task.fence === fence)
    const others = Math.max(0, concurrency - running.size - reserved)
    if (tasks.next === undefined || stopping.signal.aborted || ending.length === 0) return tasks.settle(reports)
    reserved += others
    try {
      const { outcomes, claimed } = await tasks.next(reports, toClaim(ending.length + others))
      isDry = claimed.length < ending.length + others
      for (const { task: id, fence } of ending) {
        beats.drop({ id, fence })
        running.delete(id)
      }
      start(claimed)
      return outcomes
    } finally {
      reserved -= others
      wakeUp()
    }
  }

  async function run(entry: Running): Promise<void> {
    const { task, abort } = entry
    const report = await execute(task, abort.signal)
    // Lost, or released by the end of the worker: another one has it.
    if (running.get(task.id) !== entry) return
    const outcome = await reporter.report(report)
    beats.drop(task)
    if (running.get(task.id) === entry) free(task.id)
    if (outcome?.status === 'stale')
      logger.warn({ task: task.id, kind: task.kind }, 'the result of a task came too late and was refused')
  }

  async function execute(task: ClaimedTask, signal: AbortSignal): Promise<TaskReport> {
    const claim = { task: task.id, fence: task.fence }
    const handler = toHandler(handlers, task.kind)
    try {
      if (handler === undefined) throw new CoreError('E_INVALID', `this worker has no handler for ${task.kind}`)
      const result = await handler(task, { signal, progress: (value) => showProgress(task, value) })
      return { ...claim, outcome: 'done', ...(result === undefined ? {} : { result: copyStorable('result', result) }) }
    } catch (error) {
      logger.warn({ task: task.id, kind: task.kind, attempt: task.attempt, err: error }, 'a task has failed')
      const text = toStorableText(error instanceof Error ? error.message : String(error), 10_000)
      return { ...claim, outcome: 'failed', error: text || 'failed without a message' }
    }
  }

  async function showProgress(task: ClaimedTask, progress: Storable): Promise<void> {
    if (running.get(task.id)?.task !== task) return
    try {
      const gone = await tasks.beat([task], leaseSeconds, { progress })
      if (gone.length > 0 && running.get(task.id)?.task === task) lost(task.id)
    } catch (err) {
      logger.warn({ err, task: task.id }, 'the progress of a task could not be shown')
    }
  }

  async function claim(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      const wanted = concurrency - running.size - reserved
      if (wanted <= 0) {
        // Not on the signal as well: each wait would leave a listener there, for as long as the worker lives.
        await wake.promise
        continue
      }
      if (!isDry) {
        reserved += wanted
        try {
          // Not under the signal: what an unanswered claim took would stay taken until its lease ends.
          const claimed = await tasks.claim(toClaim(wanted))
          failures = 0
          isDry = claimed.length < wanted
          start(claimed)
        } catch (err) {
          isDry = true
          if (failures++ === 0) logger.warn({ err }, 'tasks could not be claimed')
        } finally {
          reserved -= wanted
        }
        if (!isDry) {
          watching?.passOn()
          continue
        }
      }
      const pauseMs =
        failures > 0
          ? fullJitterMs(failures, { baseMs: pollMs, capMs: 30_000, random })
          : pollMs * (0.75 + random() / 4)
      if (watching) await watching.wait(pauseMs, stopping.signal)
      else await clock.sleep(pauseMs, { signal: stopping.signal }).catch(() => undefined)
      isDry = false
    }
  }

  async function drain(): Promise<void> {
    await claiming
    await watching?.close()
    const limit = new AbortController()
    const late = clock.sleep(drainMs, { signal: limit.signal }).catch(() => undefined)
    let isLate = false
    void late.then(() => {
      isLate = true
    })
    while (running.size > 0 && !isLate) await Promise.race([wake.promise, late])
    limit.abort()
    const rest = [...running.values()]
    running.clear()
    for (const { abort } of rest) abort.abort(new CoreError('E_ABORTED', 'the worker is ending'))
    await Promise.all(rest.map(({ task: { id, fence } }) => reporter.report({ task: id, fence, outcome: 'released' })))
    await reporter.idle()
    await beats[Symbol.asyncDispose]()
    for (const signal of signals) process.off(signal, onSignal)
    done.resolve()
  }

  const onSignal = () => {
    if (stopping.signal.aborted) process.exit(1)
    void stop()
  }
  const done = Promise.withResolvers<void>()
  const claiming = claim()
  let draining: Promise<void> | undefined
  function stop(): Promise<void> {
    stopping.abort()
    wakeUp()
    draining ??= drain()
    return draining
  }
  for (const signal of signals) process.on(signal, onSignal)
  return {
    get running() {
      return running.size
    },
    stop,
    stopped: done.promise,
    [Symbol.asyncDispose]: stop,
  }
}

function toHandler(handlers: WorkerOptions['handlers'], kind: string): TaskHandler | undefined {
  if (typeof handlers === 'function') return handlers
  return Object.hasOwn(handlers, kind) ? handlers[kind] : undefined
}
