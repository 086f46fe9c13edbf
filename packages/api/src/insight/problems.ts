import type { ProblemKind } from '../contract/problem-kind.ts'

export const problems = {
  insight_own: {
    status: 409,
    title: 'The insight is the project’s own',
    retryable: false,
    remedy: 'Others decide on it. List those of others with open=true.',
    error: 'E_CONFLICT',
  },
  insight_not_adopted: {
    status: 409,
    title: 'The insight was not adopted',
    retryable: false,
    remedy: 'Only what was adopted is reverted. Send rejected instead.',
    error: 'E_CONFLICT',
  },
} as const satisfies Record<string, ProblemKind>
