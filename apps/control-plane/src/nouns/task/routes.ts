import {
  beatTask,
  cancelTask,
  claimTasks,
  completeTask,
  enqueueTask,
  failTask,
  getTask,
  getTaskStats,
  listTasks,
  releaseTask,
  retryTask,
  setTaskGroup,
} from '@core/api'
import {
  taskBeat,
  taskCancel,
  taskClaim,
  taskComplete,
  taskEnqueue,
  taskFail,
  taskGet,
  taskGroupSet,
  taskList,
  taskRelease,
  taskRetry,
  taskStats,
} from '@core/api/functions'
import { CoreError } from '@core/foundation'
import { serve, serveWaiting } from '../../http/bound-route.ts'
import { toAnswer, toDenial } from '../../http/denial.ts'
import { forward, forwardPage } from '../../http/forward.ts'
import type { Kernel } from '../../process/noun.ts'

export const createTaskRoutes = ({ longPolls }: Pick<Kernel, 'longPolls'>) => [
  serve(enqueueTask, async ({ project, query: { owner = project }, idempotencyKey: key, body, call }) => {
    const { queue, runAt, uniqueKey, maxAttempts, backoffMs, ...rest } = body
    const task = {
      ...rest,
      key,
      run_at: runAt,
      unique_key: uniqueKey,
      max_attempts: maxAttempts,
      backoff_ms: backoffMs,
    }
    const answer = await call(taskEnqueue, { queue, tasks: [task], project: owner })
    if (!answer.ok) return toDenial(answer)
    const [made] = answer.tasks
    if (made === undefined) throw new CoreError('E_INTERNAL', 'the database answered without the task')
    const { outcome, ...enqueued } = made
    return {
      status: 201,
      body: { ...enqueued, project: owner, exists: outcome === 'exists', replayed: outcome === 'replayed' },
    }
  }),
  forwardPage(listTasks, taskList, 'tasks', ({ project, query: { cursor: before, ...query } }) => ({
    ...query,
    before,
    project,
  })),
  forward(getTask, taskGet, ({ project, params: { id: task } }) => ({ task, project })),
  forward(getTaskStats, taskStats, ({ project }) => ({ project })),
  serveWaiting(claimTasks, async ({ project, query: { owner = project }, principal, body, call }, signal) => {
    const { leaseSeconds: leaseS, waitSeconds, ...rest } = body
    const answer = await longPolls.poll({
      subject: principal.subject,
      awaited: { queues: rest.queues.map((queue) => ({ project: owner, queue })) },
      waitMs: waitSeconds * 1000,
      signal,
      read: () => call(taskClaim, { ...rest, leaseS, project: owner }),
      isEmpty: (found) => found.ok && found.tasks.length === 0,
    })
    return toAnswer(200, answer)
  }),
  serve(beatTask, async ({ project, query, params: { id }, body: { fence, leaseSeconds: leaseS, progress }, call }) => {
    const owner = query.owner ?? project
    const { held } = await call(taskBeat, { tasks: [id], fences: [fence], leaseS, progress, project: owner })
    if (held > 0) return { status: 200, body: { task: id } }
    return { problem: 'task_stale', facts: { task: id } }
  }),
  forward(completeTask, taskComplete, ({ project, query: { owner = project }, params: { id: task }, body }) => ({
    ...body,
    task,
    project: owner,
  })),
  forward(failTask, taskFail, ({ project, query: { owner = project }, params: { id: task }, body }) => ({
    ...body,
    task,
    project: owner,
  })),
  forward(releaseTask, taskRelease, ({ project, query: { owner = project }, params: { id: task }, body }) => ({
    ...body,
    task,
    project: owner,
  })),
  forward(cancelTask, taskCancel, ({ project, params: { id: task } }) => ({ task, project })),
  forward(retryTask, taskRetry, ({ project, params: { id: task } }) => ({ task, project })),
  forward(setTaskGroup, taskGroupSet, ({ project, body }) => ({ ...body, project })),
]
