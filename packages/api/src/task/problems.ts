import type { ProblemKind } from '../contract/problem-kind.ts'

/** What a queue denies. Nothing was changed. */
export const problems = {
  task_stale: {
    status: 409,
    title: 'The claim of the task is over',
    retryable: false,
    remedy: 'Its lease ended, or it was cancelled. Drop the result: another worker has the task, or none needs it.',
    error: 'E_CONFLICT',
  },
  task_done: {
    status: 409,
    title: 'The task is done',
    retryable: false,
    remedy: 'What is done is not tried again. Enqueue another task.',
    error: 'E_CONFLICT',
  },
  task_unique: {
    status: 409,
    title: 'Another open task has the unique key',
    retryable: false,
    remedy: 'Wait until that one has ended, or cancel it.',
    error: 'E_CONFLICT',
  },
} as const satisfies Record<string, ProblemKind>
