import { type Clock, type Logger, silentLogger, systemClock } from '@core/foundation'
import { startTaskBeats } from './task-beats.ts'
import { runWorker, type TaskWorker, type WorkedTasks, type WorkerOptions } from './worker.ts'

export interface WorkTasksDependencies {
  /** Where tasks are claimed, kept and reported: `coordinator.tasks`, or the same over another transport. */
  readonly tasks: WorkedTasks
  readonly logger?: Logger | undefined
  readonly clock?: Clock | undefined
  readonly random?: (() => number) | undefined
}

/** A worker without a connection of its own: its beats come from this thread, so its handlers must not block it. */
export function workTasks(
  { tasks, logger = silentLogger, clock = systemClock, random = Math.random }: WorkTasksDependencies,
  options: Omit<WorkerOptions, 'heartbeat'>,
): Promise<TaskWorker> {
  return runWorker(
    {
      tasks,
      clock,
      logger,
      random,
      openBeats: async ({ leaseSeconds, onLost }) => startTaskBeats({ tasks, leaseSeconds, clock, logger, onLost }),
    },
    options,
  )
}
