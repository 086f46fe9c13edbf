import type { ProblemKind } from '../contract/problem-kind.ts'

export const problems = {
  file_quota_exceeded: {
    status: 409,
    title: 'The files of the project would take more than its quota',
    retryable: false,
    remedy: 'Delete files, wait until uploads that are open have ended, or ask the owner for a larger quota.',
    error: 'E_CONFLICT',
  },
} as const satisfies Record<string, ProblemKind>
