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
import { z } from 'zod'
import { serve } from '../../http/bound-route.ts'
import { toAnswer, toDenial } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'

const enqueuedSchema = z.object({
  tasks: z.tuple([
    z.object({ task: z.string(), key: z.string(), outcome: z.enum(['enqueued', 'replayed', 'exists']) }),
  ]),
})
const beatSchema = z.object({ held: z.int() })

export const taskRoutes = [
  serve(enqueueTask, async ({ project, idempotencyKey: key, body, rpc }) => {
    const { queue, runAt, uniqueKey, maxAttempts, backoffMs, ...rest } = body
    const task = {
      ...rest,
      key,
      ...(runAt === undefined ? {} : { run_at: runAt }),
      ...(uniqueKey === undefined ? {} : { unique_key: uniqueKey }),
      max_attempts: maxAttempts,
      backoff_ms: backoffMs,
    }
    const answer = await rpc('task_enqueue', { p_queue: queue, p_tasks: [task], p_project: project })
    if (answer['ok'] !== true) return toDenial(answer)
    const [{ outcome, ...made }] = enqueuedSchema.parse(answer).tasks
    return { status: 201, body: { ...made, exists: outcome === 'exists', replayed: outcome === 'replayed' } }
  }),
  serve(listTasks, async ({ project, query: { queue, status, cursor, limit }, rpc }) =>
    toPage(
      'tasks',
      await rpc('task_list', {
        p_queue: queue ?? null,
        p_status: status ?? null,
        p_before: cursor ?? null,
        p_limit: limit,
        p_project: project,
      }),
    ),
  ),
  serve(getTask, async ({ project, params: { id }, rpc }) =>
    toAnswer(200, await rpc('task_get', { p_task: id, p_project: project })),
  ),
  serve(getTaskStats, async ({ project, rpc }) => toAnswer(200, await rpc('task_stats', { p_project: project }))),
  serve(claimTasks, async ({ project, body: { queues, worker, limit, leaseSeconds, session }, rpc }) =>
    toAnswer(
      200,
      await rpc('task_claim', {
        p_queues: queues,
        p_worker: worker,
        p_limit: limit,
        p_lease_s: leaseSeconds,
        p_session: session ?? null,
        p_project: project,
      }),
    ),
  ),
  serve(beatTask, async ({ project, params: { id }, body: { fence, leaseSeconds, progress }, rpc }) => {
    const args = { p_tasks: [id], p_fences: [fence], p_lease_s: leaseSeconds, p_progress: progress ?? null }
    const { held } = beatSchema.parse(await rpc('task_beat', { ...args, p_project: project }))
    if (held > 0) return { status: 200, body: { task: id } }
    return { problem: 'task_stale', facts: { task: id } }
  }),
  serve(completeTask, async ({ project, params: { id }, body: { fence, result }, rpc }) =>
    toAnswer(
      200,
      await rpc('task_complete', { p_task: id, p_fence: fence, p_result: result ?? null, p_project: project }),
    ),
  ),
  serve(failTask, async ({ project, params: { id }, body: { fence, error, retry, delayMs }, rpc }) =>
    toAnswer(
      200,
      await rpc('task_fail', {
        p_task: id,
        p_fence: fence,
        p_error: error,
        p_retry: retry,
        p_delay_ms: delayMs ?? null,
        p_project: project,
      }),
    ),
  ),
  serve(releaseTask, async ({ project, params: { id }, body: { fence }, rpc }) =>
    toAnswer(200, await rpc('task_release', { p_task: id, p_fence: fence, p_project: project })),
  ),
  serve(cancelTask, async ({ project, params: { id }, rpc }) =>
    toAnswer(200, await rpc('task_cancel', { p_task: id, p_project: project })),
  ),
  serve(retryTask, async ({ project, params: { id }, rpc }) =>
    toAnswer(200, await rpc('task_retry', { p_task: id, p_project: project })),
  ),
  serve(setTaskGroup, async ({ project, body: { queue, group, concurrency }, rpc }) =>
    toAnswer(
      200,
      await rpc('task_group_set', {
        p_queue: queue,
        p_group: group,
        p_concurrency: concurrency,
        p_project: project,
      }),
    ),
  ),
]
