import { z } from 'zod/mini'
import { accepted, anything, denial, instant, whole } from '../contract/answer-field.ts'
import {
  bigint,
  bigints,
  flag,
  integer,
  interval,
  json,
  nullable,
  oneOf,
  optional,
  text,
  texts,
  uuid,
  uuids,
} from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

/** Without one, the project of the claims. */
const project = optional(text)
const status = z.enum(['ready', 'scheduled', 'pending', 'blocked', 'running', 'done', 'dead', 'cancelled'])
const task = {
  task: z.string(),
  project: z.string(),
  queue: z.string(),
  kind: z.string(),
  payload: anything,
  status,
  priority: whole,
  run_at: z.nullable(instant),
  group: z.nullable(z.string()),
  unique_key: z.nullable(z.string()),
  open_needs: whole,
  failed_needs: whole,
  attempt: whole,
  max_attempts: whole,
  error: z.nullable(z.string()),
  result: anything,
  progress: anything,
  worker: z.nullable(z.string()),
  leased_until: z.nullable(instant),
  created_at: instant,
  finished_at: z.nullable(instant),
}

const boundReached = denial('bound_reached', { bound: z.string(), limit: whole })
const stale = denial('task_stale', { task: z.string() })
const settled = z.object({ ...accepted, task: z.string(), status, replayed: z.optional(z.boolean()) })

export const taskEnqueue = describeFunction({
  name: 'task_enqueue',
  args: { queue: text, tasks: json, project },
  answer: z.object({
    ...accepted,
    /** In the order of the tasks. */
    tasks: z.array(
      z.object({ task: z.string(), key: z.string(), outcome: z.enum(['enqueued', 'replayed', 'exists']) }),
    ),
  }),
  denials: [boundReached],
})

export const taskClaim = describeFunction({
  name: 'task_claim',
  args: {
    queues: texts,
    worker: text,
    limit: optional(integer),
    leaseS: optional(integer),
    session: optional(uuid),
    project,
  },
  answer: z.object({
    ...accepted,
    tasks: z.array(
      z.object({
        task: z.string(),
        queue: z.string(),
        kind: z.string(),
        payload: anything,
        attempt: whole,
        max_attempts: whole,
        fence: whole,
        leased_until: instant,
        created_at: instant,
      }),
    ),
  }),
  denials: [denial('session_ended', { session: z.string() })],
})

export const taskBeat = describeFunction({
  name: 'task_beat',
  args: { tasks: uuids, fences: bigints, leaseS: optional(integer), progress: optional(json), project },
  answer: z.object({ ...accepted, held: whole, lost: z.array(z.string()) }),
})

export const taskSettle = describeFunction({
  name: 'task_settle',
  args: { items: json, project },
  answer: z.object({
    ...accepted,
    tasks: z.array(
      z.object({
        task: z.string(),
        status: z.enum(['ready', 'scheduled', 'pending', 'blocked', 'done', 'dead', 'cancelled', 'stale']),
        replayed: z.optional(z.boolean()),
      }),
    ),
  }),
})

export const taskComplete = describeFunction({
  name: 'task_complete',
  args: { task: uuid, fence: bigint, result: optional(json), project },
  answer: settled,
  denials: [stale],
})

export const taskFail = describeFunction({
  name: 'task_fail',
  args: { task: uuid, fence: bigint, error: text, retry: optional(flag), delayMs: nullable(optional(bigint)), project },
  answer: settled,
  denials: [stale],
})

export const taskRelease = describeFunction({
  name: 'task_release',
  args: { task: uuid, fence: bigint, project },
  answer: settled,
  denials: [stale],
})

export const taskGet = describeFunction({
  name: 'task_get',
  args: { task: uuid, project },
  answer: z.object({ ...accepted, ...task }),
})

export const taskList = describeFunction({
  name: 'task_list',
  args: {
    queue: nullable(optional(text)),
    status: nullable(
      optional(oneOf('ready', 'scheduled', 'pending', 'blocked', 'running', 'done', 'dead', 'cancelled')),
    ),
    before: optional(uuid),
    limit: optional(integer),
    project,
  },
  answer: z.object({ ...accepted, tasks: z.array(z.object(task)), next: z.nullable(z.string()) }),
})

export const taskCancel = describeFunction({
  name: 'task_cancel',
  args: { task: uuid, project },
  answer: z.object({ ...accepted, cancelled: z.boolean(), ...task }),
})

export const taskRetry = describeFunction({
  name: 'task_retry',
  args: { task: uuid, project },
  answer: z.object({ ...accepted, retried: z.boolean(), ...task }),
  denials: [
    denial('task_done', { task: z.string() }),
    denial('task_unique', { task: z.string(), unique_key: z.string() }),
  ],
})

export const taskGroupSet = describeFunction({
  name: 'task_group_set',
  args: { queue: text, group: text, concurrency: integer, project },
  answer: z.object({ ...accepted, queue: z.string(), group: z.string(), concurrency: whole }),
  denials: [boundReached],
})

export const taskStats = describeFunction({
  name: 'task_stats',
  args: { project },
  answer: z.object({
    ...accepted,
    queues: z.array(
      z.object({
        queue: z.string(),
        ready: whole,
        waiting: whole,
        running: whole,
        blocked: whole,
        dead: whole,
        oldest_at: z.nullable(instant),
        counted_at: instant,
      }),
    ),
  }),
})

export const taskSweep = describeFunction({
  name: 'task_sweep',
  args: { keep: optional(interval), limit: optional(integer) },
  answer: z.object({ ...accepted, reaped: whole, swept: whole }),
})

export const taskTotals = describeFunction({
  name: 'task_totals',
  args: {},
  answer: z.object({
    ...accepted,
    ready: whole,
    waiting: whole,
    running: whole,
    blocked: whole,
    dead: whole,
    oldest_s: z.number(),
  }),
})
