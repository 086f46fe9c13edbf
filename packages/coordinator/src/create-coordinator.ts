import type { RpcOptions } from '@core/database'
import { type CallOptions, type Clock, type Logger, silentLogger, systemClock } from '@core/foundation'
import { createInsights, type Insights } from './insights.ts'
import { acquireLock, type HeldLock, type LockOptions } from './lock.ts'
import { findPlaces, type ManifestEntry, type Place, readManifest } from './manifest.ts'
import { createMessages, type Messages } from './messages.ts'
import { type Polled, type PollInput, pollCoordinator } from './poll.ts'
import { createProjectPort, type ProjectPort } from './project-port.ts'
import { createReadyWatch } from './ready-watch.ts'
import { type JoinOptions, joinProject, type Member } from './session.ts'
import { startTaskBeats } from './task-beats.ts'
import { createTasks, type Tasks } from './tasks.ts'
import { startThreadBeats } from './thread-beats.ts'
import { runWorker, type TaskWorker, type WorkerOptions } from './worker.ts'

export interface CoordinatorOptions {
  /** One that can listen wakes those who wait for messages; without, they are looked for once a second. */
  database: ProjectPort
  /** Whose sessions these are. Default: the project of the connection's credential. */
  project?: string | undefined
  /** Acts for this key or project; without claims, as the role of the database connection. */
  claims?: RpcOptions['claims']
  logger?: Logger | undefined
  clock?: Clock | undefined
  random?: (() => number) | undefined
}

/** What a project does together with its siblings. It owns nothing that has to be closed. */
export interface Coordinator {
  /** Opens a session for this process and keeps it alive until it is disposed. */
  join(options?: JoinOptions, callOptions?: CallOptions): Promise<Member>
  /** Every registered project in use and how it is doing. */
  manifest(options?: CallOptions): AsyncIterable<ManifestEntry>
  /** Projects that can take work that needs these capabilities, best first, with the reasons. */
  place(capabilities?: readonly string[], options?: CallOptions): Promise<readonly Place[]>
  /** What the projects have learnt. */
  readonly insights: Insights
  /** Messages to other projects, and the inbox of this one. */
  readonly messages: Messages
  /** The queues of the project, or of another one that shares them. */
  readonly tasks: Tasks
  tasksOf(project: string): Tasks
  /** Beats for a session, receives messages, reports on tasks and claims the next ones, all in one call. */
  poll(input: PollInput, options?: CallOptions): Promise<Polled>
  /** Claims and runs tasks until it is stopped. */
  startWorker(options: WorkerOptions): Promise<TaskWorker>
  /** Acquires a lock and keeps it until it is disposed; undefined where another process holds it. */
  lock(name: string, options?: LockOptions, callOptions?: CallOptions): Promise<HeldLock | undefined>
}

export function createCoordinator({ project, claims, ...options }: CoordinatorOptions): Coordinator {
  const { logger = silentLogger, clock = systemClock, random = Math.random } = options
  const database = createProjectPort({ database: options.database, claims })
  const own = project ?? (claims?.role === 'core_member' ? claims.project : undefined)
  const tasks = createTasks(database, own)
  const watch = createReadyWatch({ database, project: own, clock, logger })
  const messages = createMessages({ database, project: own, watch, clock, logger, random })
  return {
    tasks,
    messages,
    insights: createInsights(database, own),
    tasksOf: (owner) => createTasks(database, owner),
    poll: (input, callOptions) => pollCoordinator({ database, project: own, messages }, input, callOptions),
    startWorker: (workerOptions) =>
      runWorker(
        {
          tasks,
          watch,
          clock,
          logger,
          random,
          openBeats: async ({ leaseSeconds, heartbeat, onLost }) =>
            heartbeat === undefined
              ? startTaskBeats({ tasks, leaseSeconds, clock, logger, onLost })
              : startThreadBeats({ config: heartbeat, project: own, claims, leaseSeconds, logger, onLost }),
        },
        workerOptions,
      ),
    join: (joinOptions, callOptions) =>
      joinProject({ database, project: own, messages, clock, logger, random }, joinOptions, callOptions),
    manifest: (callOptions) => readManifest(database, callOptions),
    place: (capabilities = [], callOptions) => findPlaces(database, capabilities, callOptions),
    lock: (name, lockOptions, callOptions) =>
      acquireLock({ database, project: own, clock, logger }, name, lockOptions, callOptions),
  }
}
