import type { Client } from '@core/api/client'
import type { TaskOutcome, TaskReport, WorkedTasks } from '@core/coordinator'
import { isCoreError } from '@core/foundation'

/** What a worker needs of its queues, by the routes of the control plane. Those of another project, which shares them, name it. */
export function createRestTasks(client: Client, project: string, owner?: string): WorkedTasks {
  const params = { project }
  const query = owner === undefined ? {} : { owner }

  async function settle({ task: id, fence, ...report }: TaskReport): Promise<TaskOutcome> {
    const at = { ...params, id }
    try {
      if (report.outcome === 'done') {
        const body = { fence, ...(report.result === undefined ? {} : { result: copyJson(report.result) }) }
        return toOutcome(await client.completeTask({ params: at, query, body }))
      }
      if (report.outcome === 'released')
        return toOutcome(await client.releaseTask({ params: at, query, body: { fence } }))
      const error = report.error ?? 'failed without a message'
      return toOutcome(
        await client.failTask({ params: at, query, body: { fence, error, retry: report.outcome === 'failed' } }),
      )
    } catch (error) {
      if (isLost(error)) return { task: id, status: 'stale' }
      throw error
    }
  }

  return {
    async claim({ queues, worker, limit, leaseSeconds }, options) {
      const body = { queues: [...queues], worker, limit, leaseSeconds }
      const { tasks } = await client.claimTasks({ params, query, body }, options)
      return tasks.map(({ task, createdAt, leasedUntil: _, ...rest }) => ({
        ...rest,
        id: task,
        createdAt: new Date(createdAt),
      }))
    },
    async beat(held, leaseSeconds, { progress: shown, ...options } = {}) {
      const progress = shown === undefined ? undefined : copyJson(shown)
      const lost = await Promise.all(
        held.map(async ({ id, fence }) => {
          try {
            await client.beatTask(
              { params: { ...params, id }, query, body: { fence, leaseSeconds, progress } },
              options,
            )
            return []
          } catch (error) {
            if (isLost(error)) return [id]
            throw error
          }
        }),
      )
      return lost.flat()
    },
    settle: (reports) => Promise.all(reports.map(settle)),
  }
}

/** What was reported is not running: another worker has it. */
const toOutcome = ({ task, status }: Awaited<ReturnType<Client['failTask']>>): TaskOutcome => ({
  task,
  status: status === 'running' ? 'stale' : status,
})

const isLost = (error: unknown) => isCoreError(error, 'E_CONFLICT') || isCoreError(error, 'E_NOT_FOUND')

const copyJson = (value: unknown) => JSON.parse(JSON.stringify(value))
