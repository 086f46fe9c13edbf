import type { Client } from '@core/api/client'
import { formatFields, formatTable } from '../../table.ts'

type Task = Awaited<ReturnType<Client['getTask']>>

export function taskTable(tasks: readonly Task[]): string {
  if (tasks.length === 0) return 'no tasks'
  return formatTable(tasks, [
    { title: 'TASK', cell: ({ task }) => task },
    { title: 'QUEUE', cell: ({ queue }) => queue },
    { title: 'KIND', cell: ({ kind }) => kind },
    { title: 'STATUS', cell: ({ status }) => status },
    { title: 'ATTEMPT', align: 'right', cell: ({ attempt, maxAttempts }) => `${attempt}/${maxAttempts}` },
    { title: 'CREATED', cell: ({ createdAt }) => createdAt },
    { title: 'ERROR', cell: ({ error }) => (error ?? '').replaceAll(/\s+/g, ' ').slice(0, 80) },
  ])
}

export function taskFields(task: Task): string {
  return formatFields([
    ['task', task.task],
    ['queue', task.queue],
    ['kind', task.kind],
    ['status', task.status],
    ['attempt', `${task.attempt} of ${task.maxAttempts}`],
    ['needs', `${task.openNeeds} open, ${task.failedNeeds} dead or cancelled`],
    ['worker', task.worker ?? ''],
    ['payload', JSON.stringify(task.payload)],
    ['result', JSON.stringify(task.result)],
    ['error', task.error ?? ''],
    ['created', task.createdAt],
    ['finished', task.finishedAt ?? ''],
  ])
}
