import type { Denials } from '../../http/bound-route.ts'

export const taskDenials: Denials = {
  task_stale: ({ task }) => `the claim of the task ${task} is over`,
  task_done: ({ task }) => `the task ${task} is done`,
  task_unique: ({ task, uniqueKey }) => `another open task than ${task} has the unique key ${uniqueKey}`,
}
