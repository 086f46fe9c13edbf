import {
  type AcceptedOf,
  callable,
  coordinatorPoll,
  type DeniedOf,
  taskBeat,
  taskCancel,
  taskClaim,
  taskEnqueue,
  taskGet,
  taskGroupSet,
  taskRetry,
  taskSettle,
  taskStats,
} from '@core/api/functions'
import type { Database } from '@core/database'
import { type CallOptions, CoreError, copyStorable, type Storable, uuidv7 } from '@core/foundation'

export interface NewTask {
  /** Which handler runs it. */
  kind: string
  /** JSON of at most 64 KB. Default {}. */
  payload?: Storable | undefined
  /** Identifies the intended task: enqueued again with it, it is there once. Default: a new one. */
  key?: string | undefined
  /** 0 to 1,000, lower first. Default 100. */
  priority?: number | undefined
  /** Not before. */
  runAt?: Date | undefined
  /** One open task of the queue at a time has it. */
  uniqueKey?: string | undefined
  /** Tasks of a group run one at a time, or as many as `setGroup` says. */
  group?: string | undefined
  /** Ids of tasks that have to be done first. */
  needs?: readonly string[] | undefined
  /** Default 5. */
  maxAttempts?: number | undefined
  /** The pause after the first failure; it doubles with each further one, up to an hour. Default 1,000. */
  backoffMs?: number | undefined
}

export interface EnqueuedTask {
  readonly id: string
  readonly key: string
  /** `replayed`: the key was known; `exists`: an open task has the unique key. */
  readonly outcome: 'enqueued' | 'replayed' | 'exists'
}

/** A task that this process holds. */
export interface ClaimedTask {
  readonly id: string
  readonly queue: string
  readonly kind: string
  readonly payload: unknown
  /** 1 at the first time. */
  readonly attempt: number
  readonly maxAttempts: number
  /** Greater than that of every claim before it. What the task writes elsewhere can carry it. */
  readonly fence: number
  readonly createdAt: Date
}

export interface TaskReport {
  readonly task: string
  readonly fence: number
  /** `failed`: again after its back-off, dead when no attempt is left; `released`: the attempt is not counted. */
  readonly outcome: 'done' | 'failed' | 'dead' | 'released'
  readonly result?: Storable | undefined
  readonly error?: string | undefined
  readonly delayMs?: number | undefined
}

export interface TaskOutcome {
  readonly task: string
  /** `stale`: the claim is over, and nothing was written. */
  readonly status: 'stale' | 'ready' | 'scheduled' | 'pending' | 'blocked' | 'done' | 'dead' | 'cancelled'
}

export interface ClaimInput {
  queues: readonly string[]
  worker: string
  /** At most so many, 1 to 1,000. Default 1. */
  limit?: number | undefined
  /** Seconds until the claim ends without a beat. Default 90. */
  leaseSeconds?: number | undefined
  /** The claim is refused when this session has ended. */
  session?: string | undefined
}

export type TaskView = Omit<AcceptedOf<typeof taskGet>, 'ok'>

/** The queues of a project. */
export interface Tasks {
  enqueue(queue: string, task: NewTask, options?: CallOptions): Promise<EnqueuedTask>
  /** Up to 1,000 in one call; all or none. */
  enqueueMany(queue: string, tasks: readonly NewTask[], options?: CallOptions): Promise<EnqueuedTask[]>
  get(task: string, options?: CallOptions): Promise<TaskView>
  /** Ends an open task. One that is running is lost to its worker. False where it had ended. */
  cancel(task: string, options?: CallOptions): Promise<boolean>
  /** Opens a dead or cancelled task again. False where it is open. */
  retry(task: string, options?: CallOptions): Promise<boolean>
  /** How many tasks of a group may run at a time. */
  setGroup(queue: string, group: string, concurrency: number, options?: CallOptions): Promise<void>
  stats(options?: CallOptions): Promise<AcceptedOf<typeof taskStats>['queues']>
  /** For workers of your own; `startWorker` does the rest. */
  claim(input: ClaimInput, options?: CallOptions): Promise<ClaimedTask[]>
  /** Renews claims. Answers the ids of those that are lost. `progress`, JSON of at most 4 KB, is shown with all of them. */
  beat(
    tasks: readonly Pick<ClaimedTask, 'id' | 'fence'>[],
    leaseSeconds: number,
    options?: CallOptions & { progress?: Storable | undefined },
  ): Promise<readonly string[]>
  /** Reports what became of tasks, in their order. */
  settle(reports: readonly TaskReport[], options?: CallOptions): Promise<TaskOutcome[]>
  /** Reports and then claims, in one call: what a worker does again and again. */
  next(
    reports: readonly TaskReport[],
    input: ClaimInput,
    options?: CallOptions,
  ): Promise<{ outcomes: TaskOutcome[]; claimed: ClaimedTask[] }>
}

/** `project` owns the queues; another project's have to be shared with the caller's. */
export function createTasks(database: Pick<Database, 'rpc'>, project: string | undefined): Tasks {
  const calls = {
    enqueue: callable(database, taskEnqueue),
    get: callable(database, taskGet),
    cancel: callable(database, taskCancel),
    retry: callable(database, taskRetry),
    setGroup: callable(database, taskGroupSet),
    stats: callable(database, taskStats),
    claim: callable(database, taskClaim),
    beat: callable(database, taskBeat),
    settle: callable(database, taskSettle),
    poll: callable(database, coordinatorPoll),
  }

  async function enqueueMany(queue: string, tasks: readonly NewTask[], options?: CallOptions): Promise<EnqueuedTask[]> {
    if (tasks.length === 0) return []
    const answer = await calls.enqueue({ queue, tasks: tasks.map(toJson), project }, options)
    if (!answer.ok) throw toDenied(answer)
    return answer.tasks.map(({ task, ...rest }) => ({ id: task, ...rest }))
  }

  return {
    enqueueMany,
    async enqueue(queue, task, options) {
      const [made] = await enqueueMany(queue, [task], options)
      if (made === undefined) throw new CoreError('E_INTERNAL', 'task_enqueue answered without the task')
      return made
    },
    get: (task, options) => calls.get({ task, project }, options),
    async cancel(task, options) {
      return (await calls.cancel({ task, project }, options)).cancelled
    },
    async retry(task, options) {
      const answer = await calls.retry({ task, project }, options)
      if (!answer.ok) throw toDenied(answer)
      return answer.retried
    },
    async setGroup(queue, group, concurrency, options) {
      const answer = await calls.setGroup({ queue, group, concurrency, project }, options)
      if (!answer.ok) throw toDenied(answer)
    },
    async stats(options) {
      return (await calls.stats({ project }, options)).queues
    },
    async claim({ queues, worker, limit, leaseSeconds, session }, options) {
      const answer = await calls.claim({ queues, worker, limit, leaseS: leaseSeconds, session, project }, options)
      if (!answer.ok) throw toDenied(answer)
      return answer.tasks.map(toClaimed)
    },
    async beat(held, leaseSeconds, { progress: shown, ...options } = {}) {
      const [tasks, fences] = [held.map(({ id }) => id), held.map(({ fence }) => fence)]
      const progress = shown === undefined ? undefined : copyStorable('progress', shown)
      return (await calls.beat({ tasks, fences, leaseS: leaseSeconds, progress, project }, options)).lost
    },
    async settle(reports, options) {
      const { tasks } = await calls.settle({ items: reports.map(toItem), project }, options)
      return tasks.map(toOutcome)
    },
    async next(reports, { session, ...input }, options) {
      const answer = await calls.poll({ session, tasks: toTasksPart({ ...input, reports }), project }, options)
      if (!answer.ok) throw toDenied(answer)
      return readTasksPart(answer)
    },
  }
}

/** The part of a poll that is about tasks. */
export function toTasksPart({
  queues,
  worker,
  limit,
  leaseSeconds,
  reports = [],
}: Omit<ClaimInput, 'session'> & { reports?: readonly TaskReport[] | undefined }) {
  return {
    queues: [...queues],
    worker,
    ...(limit === undefined ? {} : { limit }),
    ...(leaseSeconds === undefined ? {} : { lease_s: leaseSeconds }),
    reports: reports.map(toItem),
  }
}

export function readTasksPart({ settled, tasks }: Pick<AcceptedOf<typeof coordinatorPoll>, 'settled' | 'tasks'>) {
  const [outcomes, claims] = [taskSettle.parse({ ok: true, tasks: settled }), taskClaim.parse({ ok: true, tasks })]
  return { outcomes: outcomes.tasks.map(toOutcome), claimed: claims.ok ? claims.tasks.map(toClaimed) : [] }
}

function toItem({ task, fence, outcome, error, delayMs, result }: TaskReport) {
  return {
    task,
    fence,
    outcome,
    ...(error === undefined ? {} : { error }),
    ...(result === undefined ? {} : { result }),
    ...(delayMs === undefined ? {} : { delay_ms: delayMs }),
  }
}

function toOutcome({ task, status }: AcceptedOf<typeof taskSettle>['tasks'][number]): TaskOutcome {
  return { task, status }
}

function toClaimed(row: AcceptedOf<typeof taskClaim>['tasks'][number]): ClaimedTask {
  const { task, queue, kind, payload, attempt, max_attempts, fence, created_at } = row
  return { id: task, queue, kind, payload, attempt, maxAttempts: max_attempts, fence, createdAt: new Date(created_at) }
}

function toJson(task: NewTask, at: number) {
  const { runAt, uniqueKey, maxAttempts, backoffMs, payload = {}, key = uuidv7(), ...rest } = task
  return {
    ...rest,
    key,
    payload: copyStorable(`tasks[${at}].payload`, payload),
    run_at: runAt?.toISOString(),
    unique_key: uniqueKey,
    max_attempts: maxAttempts,
    backoff_ms: backoffMs,
  }
}

type Denied = DeniedOf<typeof taskEnqueue> | DeniedOf<typeof taskRetry> | DeniedOf<typeof taskClaim>

function toDenied({ ok: _, code: reason, ...facts }: Denied): CoreError {
  const sentences = {
    bound_reached: 'the project has as many open tasks or groups as it may',
    session_ended: 'the session of this worker has ended',
    task_done: 'the task is done, and what is done is not tried again',
    task_unique: 'another open task has the unique key of this one',
  } as const
  return new CoreError('E_CONFLICT', sentences[reason], { details: { reason, ...facts } })
}
